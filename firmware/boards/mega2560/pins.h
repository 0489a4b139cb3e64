/*
 * Which pin of the ATmega2560 does what: the RAMPS 1.4 layout, with its AUX headers named for what RAMPS has no socket
 * for (axes six to eight, load cells, door and e-stop). D and A numbers are those of the Arduino Mega.
 *
 *   PIN(name, port letter, bit)      docs/hardware.md draws the same table
 */
#ifndef BEE_MEGA2560_PINS_H
#define BEE_MEGA2560_PINS_H

/* axis number: step port, bit, direction port, bit, compare channel that times its steps (timer, letter) */
#define STEP_PINS(AXIS)                                                       \
    AXIS(0, F, 0, F, 1, 1, C) /* lift left      X socket   D54 A0 / D55 A1 */ \
    AXIS(1, F, 6, F, 7, 3, B) /* lift right     Y socket   D60 A6 / D61 A7 */ \
    AXIS(2, L, 3, L, 1, 3, C) /* scan left      Z socket   D46 / D48 */       \
    AXIS(3, A, 4, A, 6, 4, B) /* scan right     E0 socket  D26 / D28 */       \
    AXIS(4, C, 1, C, 3, 4, C) /* shuttle left   E1 socket  D36 / D34 */       \
    AXIS(5, G, 1, L, 5, 5, A) /* shuttle right  AUX-2      D40 / D44 */       \
    AXIS(6, C, 5, L, 2, 5, B) /* spare          AUX-4      D32 / D47 */       \
    AXIS(7, C, 6, L, 4, 5, C) /* spare          AUX-4      D31 / D45 */

/* Inputs with pull-ups. End stops are normally closed to ground: high means pressed (or a broken wire). */
#define END_STOP_PINS(INPUT)                                   \
    INPUT(0, E, 5) /* X-MIN  D3  INT5 */                       \
    INPUT(1, E, 4) /* X-MAX  D2  INT4 */                       \
    INPUT(2, J, 1) /* Y-MIN  D14 PCINT10 */                    \
    INPUT(3, J, 0) /* Y-MAX  D15 PCINT9 */                     \
    INPUT(4, D, 3) /* Z-MIN  D18 INT3 */                       \
    INPUT(5, D, 2) /* Z-MAX  D19 INT2 */                       \
    INPUT(6, L, 0) /* AUX-3  D49, looked at after each poll */ \
    INPUT(7, L, 7) /* AUX-2  D42, looked at after each poll */

/* Inductive sensors (NPN, open collector): low means that a pin is felt. */
#define PIN_SENSOR_PINS(INPUT)                  \
    INPUT(0, K, 1) /* AUX-2  D63 A9  PCINT17 */ \
    INPUT(1, K, 2) /* AUX-2  D64 A10 PCINT18 */

/* Sense contacts of the safety chain, normally closed to ground: low means closed door, released e-stop. */
#define DOOR_PORT K
#define DOOR_BIT 3 /* AUX-2  D65 A11 PCINT19 */
#define ESTOP_PORT K
#define ESTOP_BIT 4 /* AUX-2  D66 A12 PCINT20 */

/* Alarm outputs of all motor drivers in series, normally closed to ground: low means that none reports an alarm. */
#define MOTORS_READY_PORT A
#define MOTORS_READY_BIT 1 /* AUX-4  D23 */

/* HX711: side, data, clock */
#define LOAD_CELL_PINS(CELL)                               \
    CELL(0, F, 5, F, 3) /* AUX-2/AUX-1  D59 A5 / D57 A3 */ \
    CELL(1, F, 4, B, 3) /* AUX-1/AUX-3  D58 A4 / D50 */

/* Servos on outputs that the timers switch by themselves: number, timer, letter, port, bit */
#define SERVO_PINS(SERVO)                                  \
    SERVO(0, 1, A, B, 5) /* fork left   SERVO1 D11 OC1A */ \
    SERVO(1, 4, A, H, 3) /* fork right  SERVO2 D6  OC4A */ \
    SERVO(2, 3, A, E, 3) /* hook left   SERVO3 D5  OC3A */ \
    SERVO(3, 1, B, B, 6) /* hook right  PS-ON D12 OC1B */

/* Outputs: number, port, bit. Light and fan: pulse width by timer 2; heater: on and off within a second. */
#define OUTPUT_PINS(OUTPUT)                                              \
    OUTPUT(0, B, 2) /* strobe      AUX-3  D51, into the strobe driver */ \
    OUTPUT(1, B, 4) /* red light   MOSFET D10  OC2A */                   \
    OUTPUT(2, H, 6) /* fan         MOSFET D9   OC2B */                   \
    OUTPUT(3, H, 5) /* heater      MOSFET D8 */

#define RELAY_PORT B
#define RELAY_BIT 1 /* motor relay  AUX-3 D52 */
#define LED_PORT B
#define LED_BIT 7 /* D13 */
/* All drivers' enable inputs (X D38 PD7, Y A2 PF2, Z A8 PK0, E0 D24 PA2, E1 D30 PC7): low enables; DM542 stay enabled,
 * the relay takes their power. */

#endif
