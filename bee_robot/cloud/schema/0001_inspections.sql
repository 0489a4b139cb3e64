-- The facts of visits. Times are ISO 8601 UTC text; `*_s` columns are robot time in seconds (monotonic within a visit);
-- lengths, loads and areas carry their unit in the name. JSON columns hold UTF-8 text. Pictures themselves are files,
-- named after the SHA-256 of their bytes.

CREATE TABLE robots (
    name TEXT PRIMARY KEY,
    first_seen_utc TEXT NOT NULL
);

CREATE TABLE hives (
    name TEXT PRIMARY KEY,
    standard TEXT NOT NULL,
    boxes INTEGER NOT NULL,
    first_seen_utc TEXT NOT NULL
);

-- end_state is NULL from the start of a visit until its end: a visit that never ended stays so for ever.
CREATE TABLE inspections (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    robot TEXT NOT NULL REFERENCES robots (name),
    hive TEXT NOT NULL REFERENCES hives (name),
    box INTEGER NOT NULL,
    frames_total INTEGER NOT NULL,
    started_utc TEXT NOT NULL,
    started_s REAL NOT NULL,
    open_planned_max_s REAL NOT NULL,
    open_close_at_s REAL NOT NULL,
    software_version TEXT NOT NULL,
    firmware_version TEXT NOT NULL,
    configuration_checksum INTEGER NOT NULL,
    is_simulated INTEGER NOT NULL,
    utc_offset_hours REAL NOT NULL,
    conditions TEXT NOT NULL,
    override_by TEXT NOT NULL,
    override_reason TEXT NOT NULL,
    ended_utc TEXT,
    end_state TEXT,
    instruction TEXT,
    outcome TEXT
);

CREATE INDEX inspections_by_hive ON inspections (hive, box, sequence);

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    inspection TEXT NOT NULL REFERENCES inspections (id),
    t_s REAL NOT NULL,
    kind TEXT NOT NULL,
    phase TEXT NOT NULL,
    frame INTEGER NOT NULL,
    frames_total INTEGER NOT NULL,
    text TEXT NOT NULL,
    data TEXT NOT NULL,
    recorded_utc TEXT NOT NULL
);

CREATE INDEX events_by_inspection ON events (inspection, id);

CREATE TABLE loads (
    inspection TEXT NOT NULL REFERENCES inspections (id),
    t_s REAL NOT NULL,
    left_kg REAL NOT NULL,
    right_kg REAL NOT NULL,
    PRIMARY KEY (inspection, t_s)
) WITHOUT ROWID;

CREATE TABLE violations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    inspection TEXT NOT NULL REFERENCES inspections (id),
    rule TEXT NOT NULL,
    t_s REAL NOT NULL,
    part TEXT NOT NULL,
    value REAL NOT NULL,
    limit_value REAL NOT NULL,
    says TEXT NOT NULL
);

CREATE INDEX violations_by_inspection ON violations (inspection, id);

-- Bytes on disk, once each.
CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL
);

-- One row per photograph taken or drawn; the same bytes may be a photograph twice.
CREATE TABLE pictures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL REFERENCES blobs (sha256),
    inspection TEXT REFERENCES inspections (id),
    box INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    face TEXT NOT NULL,
    camera TEXT NOT NULL,
    view TEXT NOT NULL,
    calibration TEXT NOT NULL,
    taken_utc TEXT NOT NULL,
    is_annotated INTEGER NOT NULL,
    source TEXT NOT NULL
);

CREATE INDEX pictures_by_inspection ON pictures (inspection, box, frame, face);

-- A face photographed again has a higher take; readers show the latest.
CREATE TABLE faces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    inspection TEXT NOT NULL REFERENCES inspections (id),
    box INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    frame_tag TEXT NOT NULL,
    face TEXT NOT NULL,
    take INTEGER NOT NULL,
    taken_utc TEXT NOT NULL,
    missing_because TEXT NOT NULL,
    UNIQUE (inspection, box, frame, face, take)
);

CREATE TABLE face_pictures (
    face INTEGER NOT NULL REFERENCES faces (id),
    place INTEGER NOT NULL,
    picture INTEGER NOT NULL REFERENCES pictures (id),
    PRIMARY KEY (face, place)
) WITHOUT ROWID;

-- A face may be analysed more than once (a better model later); readers show the latest. Either analysis or error is set.
CREATE TABLE analyses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    face INTEGER NOT NULL REFERENCES faces (id),
    recorded_utc TEXT NOT NULL,
    model TEXT NOT NULL,
    model_version TEXT NOT NULL,
    provider TEXT NOT NULL,
    analysis TEXT,
    error TEXT,
    CHECK ((analysis IS NULL) <> (error IS NULL))
);

CREATE INDEX analyses_by_face ON analyses (face, id);

CREATE TABLE analysis_pictures (
    analysis INTEGER NOT NULL REFERENCES analyses (id),
    place INTEGER NOT NULL,
    picture INTEGER NOT NULL REFERENCES pictures (id),
    PRIMARY KEY (analysis, place)
) WITHOUT ROWID;
