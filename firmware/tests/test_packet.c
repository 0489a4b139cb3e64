/* Packets survive the wire; nothing else passes for one. */
#include <string.h>

#include "check.h"
#include "packet.h"

static enum packet_event feed(packet_receiver *r, const uint8_t *bytes, uint32_t length)
{
    enum packet_event last = PACKET_NONE;
    for (uint32_t i = 0; i < length; i++) {
        enum packet_event seen = packet_receive(r, bytes[i]);
        if (seen != PACKET_NONE)
            last = seen;
    }
    return last;
}

static void test_known_checksum(void)
{
    CHECK(crc32_add(0, (const uint8_t *)"123456789", 9) == 0xcbf43926u, "not CRC-32");
}

static void test_every_content_comes_back(void)
{
    for (int i = 0; i < 100000; i++) {
        uint8_t content[PACKET_CONTENT_MAX], wire[PROTOCOL_BOARD_PACKET_MAX];
        uint8_t length = (uint8_t)(1 + any(PACKET_CONTENT_MAX)), sequence = (uint8_t)any(256);
        for (uint8_t k = 0; k < length; k++)
            content[k] = (uint8_t)(any(3) ? any(256) : 0);
        uint8_t size = packet_encode(wire, sequence, content, length);
        CHECK(size <= PROTOCOL_BOARD_PACKET_MAX && memchr(wire, 0, size) == wire + size - 1, "zeros inside");
        packet_receiver r = {0};
        CHECK(feed(&r, wire, size) == PACKET_GOOD, "not received");
        CHECK(r.length == length + 1 && r.bytes[0] == sequence && !memcmp(r.bytes + 1, content, length), "changed");
    }
}

static void test_a_damaged_packet_is_refused(void)
{
    for (int i = 0; i < 100000; i++) {
        uint8_t content[8] = {1, 2, 0, 4, 5, 0, 7, 8}, wire[PROTOCOL_BOARD_PACKET_MAX];
        uint8_t size = packet_encode(wire, 5, content, sizeof content);
        wire[any((uint32_t)size - 1u)] ^= (uint8_t)(1 + any(255));
        packet_receiver r = {0};
        CHECK(feed(&r, wire, size) != PACKET_GOOD, "damage unseen");
        uint8_t whole = packet_encode(wire, 6, content, sizeof content);
        r.length = 0;
        CHECK(feed(&r, wire, whole) == PACKET_GOOD, "the next packet is lost too");
    }
}

static void test_noise_is_no_packet(void)
{
    packet_receiver r = {0};
    for (uint32_t i = 0; i < 3000000; i++)
        CHECK(packet_receive(&r, (uint8_t)(any(8) ? any(256) : 0)) != PACKET_GOOD, "noise at %u", i);
}

int main(void)
{
    test_known_checksum();
    test_every_content_comes_back();
    test_a_damaged_packet_is_refused();
    test_noise_is_no_packet();
    puts("packet: ok");
    return 0;
}
