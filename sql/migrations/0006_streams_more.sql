-- name: streams_more
-- title: Rows of the senders: projects, follow-up, inspections, complaints, institutions, events and the sheets beside examinations and doses
-- The tables are built like those of migration streams, which says what their common columns hold.

-- +goose Up

CREATE TABLE IF NOT EXISTS {{table "raw_project"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key       LowCardinality(String) COMMENT 'unified social credit code, or name:… when only a name is known',
    project_no         String,
    project_name       String,
    employer_name      LowCardinality(String),
    township_code      LowCardinality(String) COMMENT '9 digits; empty: unassigned',
    township_text      LowCardinality(String),
    industry_code      LowCardinality(String) COMMENT 'GB/T 4754 with section letter, as deep as sent',
    source_dept        LowCardinality(String) COMMENT 'ndrc, miit, health, other',
    approve_date       Date32,
    risk_class         LowCardinality(String) COMMENT 'severe, general',
    pre_eval_date      Nullable(Date32),
    design_review_date Nullable(Date32),
    control_eval_date  Nullable(Date32),
    accept_date        Nullable(Date32),
    production_date    Nullable(Date32),
    status             LowCardinality(String) COMMENT 'planned, building, trial, producing, accepted, stopped'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, approve_date, key_hash, batch);
{{distributed "raw_project" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_follow_up"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    person_key        UUID COMMENT 'pseudonym of the identity number',
    patient_card_no   String,
    sex               LowCardinality(String) COMMENT 'male, female, unknown',
    birth_date        Nullable(Date32),
    visit_date        Date32,
    method            LowCardinality(String) COMMENT 'phone, home, clinic',
    result            LowCardinality(String) COMMENT 'alive, dead, lost, refused, moved',
    death_date        Nullable(Date32),
    township_code     LowCardinality(String) COMMENT '9 digits; empty: unassigned',
    township_text     LowCardinality(String),
    disease           LowCardinality(String) COMMENT 'disease id; empty: open',
    disease_text      LowCardinality(String),
    stage             LowCardinality(String) COMMENT '1, 2, 3',
    symptoms          Array(String),
    lung_function     LowCardinality(String) COMMENT 'normal, mild, moderate, severe',
    comorbidity       Array(String),
    rehab             LowCardinality(String),
    benefit_class     LowCardinality(String) COMMENT 'a, b, c',
    injury_recognised Nullable(Bool),
    disability_grade  LowCardinality(String) COMMENT '1, 2, 3, 4, 5, 6, 7, 8, 9, 10',
    payer_injury      Nullable(Bool),
    payer_employer    Nullable(Bool),
    payer_basic       Nullable(Bool),
    payer_major       Nullable(Bool),
    payer_aid         Nullable(Bool),
    payer_other       Nullable(Bool),
    income_poverty    Nullable(Bool),
    next_due          Nullable(Date32),
    visit_org         LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (patient_card_no, visit_date, key_hash, batch);
{{distributed "raw_follow_up" "cityHash64(patient_card_no)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_inspection"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key            LowCardinality(String) COMMENT 'unified social credit code, or name:… when only a name is known',
    inspection_no           String,
    employer_name           LowCardinality(String),
    township_code           LowCardinality(String) COMMENT '9 digits; empty: unassigned',
    township_text           LowCardinality(String),
    inspect_date            Date32,
    inspect_date_month_only Bool,
    unit                    LowCardinality(String),
    kind                    LowCardinality(String) COMMENT 'routine, special, random, complaint, follow',
    items                   Array(String),
    findings                Array(String),
    n_findings              Nullable(UInt32),
    deadline                Nullable(Date32),
    closed_date             Nullable(Date32),
    penalty_no              String,
    penalty_type            Array(String),
    penalty_sum             Nullable(Float64) COMMENT 'yuan',
    penalty_date            Nullable(Date32),
    published               Nullable(Bool)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, inspect_date, key_hash, batch);
{{distributed "raw_inspection" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_complaint"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key            LowCardinality(String) COMMENT 'unified social credit code, or name:… when only a name is known',
    complaint_no            String,
    receive_date            Date32,
    receive_date_month_only Bool,
    channel                 LowCardinality(String) COMMENT 'hotline, phone, letter, web, handed, other',
    employer_name           LowCardinality(String),
    township_code           LowCardinality(String) COMMENT '9 digits; empty: unassigned',
    township_text           LowCardinality(String),
    subject                 LowCardinality(String),
    hazards                 Array(LowCardinality(String)) COMMENT 'hazard ids',
    hazards_open            Array(String) COMMENT 'hazard words that matched nothing',
    received_by             LowCardinality(String),
    handed_to               LowCardinality(String),
    handed_date             Nullable(Date32),
    answered_date           Nullable(Date32),
    result                  LowCardinality(String) COMMENT 'true, partly, false, pending, other'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, receive_date, key_hash, batch);
{{distributed "raw_complaint" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_institution"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key     LowCardinality(String) COMMENT 'unified social credit code, or name:… when only a name is known',
    institution_code LowCardinality(String),
    institution_name LowCardinality(String),
    former_names     Array(String),
    kind             LowCardinality(String) COMMENT 'exam, diagnosis, service, radiation, dosimetry',
    level            LowCardinality(String) COMMENT 'a, b',
    scope            Array(String),
    valid_from       Date32,
    valid_to         Nullable(Date32),
    filing_no        String,
    township_code    LowCardinality(String) COMMENT '9 digits; empty: unassigned',
    township_text    LowCardinality(String),
    status           LowCardinality(String) COMMENT 'active, suspended, revoked'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (institution_code, kind, key_hash, batch);
{{distributed "raw_institution" "cityHash64(institution_code)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_demerit"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    institution_code LowCardinality(String),
    institution_name LowCardinality(String),
    kind             LowCardinality(String) COMMENT 'exam, diagnosis, service, radiation, dosimetry',
    demerit_date     Date32,
    clause           String,
    fact             String,
    points           Float64,
    expires          Nullable(Date32),
    decision_no      String,
    decided_by       LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (institution_code, demerit_date, key_hash, batch);
{{distributed "raw_demerit" "cityHash64(institution_code)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_event"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key  LowCardinality(String) COMMENT 'unified social credit code, or name:… when only a name is known',
    event_code    String,
    kind          LowCardinality(String) COMMENT 'poisoning, heat, radiation, cluster, other',
    start_date    Date32,
    employer_name LowCardinality(String),
    township_code LowCardinality(String) COMMENT '9 digits; empty: unassigned',
    township_text LowCardinality(String),
    hazard        LowCardinality(String) COMMENT 'hazard id; empty: open',
    hazard_text   LowCardinality(String),
    exposed       Nullable(UInt32) COMMENT 'persons',
    ill           UInt32 COMMENT 'persons',
    severe        Nullable(UInt32) COMMENT 'persons',
    dead          Nullable(UInt32) COMMENT 'persons',
    grade         LowCardinality(String) COMMENT '1, 2, 3, 4, 0',
    report_date   Date32,
    closed_date   Nullable(Date32)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, start_date, key_hash, batch);
{{distributed "raw_event" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_exam_item"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    institution_code LowCardinality(String),
    exam_no          String,
    item_code        LowCardinality(String),
    item_name        LowCardinality(String),
    item_group       LowCardinality(String),
    result           String COMMENT 'as sent',
    result_value     Nullable(Float64) COMMENT 'the result as a number where it is one',
    unit             LowCardinality(String),
    ref_low          Nullable(Float64),
    ref_high         Nullable(Float64),
    ref_text         LowCardinality(String),
    abnormal         LowCardinality(String) COMMENT 'normal, abnormal',
    high_low         LowCardinality(String) COMMENT 'high, low, normal',
    is_missing       Nullable(Bool),
    item_date        Nullable(Date32)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (institution_code, exam_no, key_hash, batch);
{{distributed "raw_exam_item" "cityHash64(exam_no)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_exam_history"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    institution_code      LowCardinality(String),
    exam_no               String,
    start_date            Date32,
    start_date_month_only Bool,
    end_date              Nullable(Date32),
    end_date_month_only   Bool,
    employer_name         LowCardinality(String),
    workshop              LowCardinality(String),
    post                  LowCardinality(String),
    hazards               Array(LowCardinality(String)) COMMENT 'hazard ids',
    hazards_open          Array(String) COMMENT 'hazard words that matched nothing',
    shift_hours           Nullable(Float64) COMMENT 'hours a day',
    protection            String,
    radiation_class       LowCardinality(String),
    cumulative_dose       Nullable(Float64) COMMENT 'mSv',
    overexposure          String
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (institution_code, exam_no, key_hash, batch);
{{distributed "raw_exam_history" "cityHash64(exam_no)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_exam_summary"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key     LowCardinality(String) COMMENT 'unified social credit code, or name:… when only a name is known',
    report_no        String,
    institution_code LowCardinality(String),
    institution_name LowCardinality(String),
    employer_name    LowCardinality(String),
    exam_type        LowCardinality(String),
    hazards          Array(LowCardinality(String)) COMMENT 'hazard ids',
    hazards_open     Array(String) COMMENT 'hazard words that matched nothing',
    exam_from        Nullable(Date32),
    exam_to          Nullable(Date32),
    n_due            UInt32 COMMENT 'persons',
    n_examined       UInt32 COMMENT 'persons',
    n_normal         Nullable(UInt32) COMMENT 'persons',
    n_recheck        Nullable(UInt32) COMMENT 'persons',
    n_suspect        Nullable(UInt32) COMMENT 'persons',
    n_contra         Nullable(UInt32) COMMENT 'persons',
    n_other          Nullable(UInt32) COMMENT 'persons',
    n_recheck_open   Nullable(UInt32) COMMENT 'persons',
    report_date      Date32
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, report_date, key_hash, batch);
{{distributed "raw_exam_summary" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_radiation_worker"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key   LowCardinality(String) COMMENT 'unified social credit code, or name:… when only a name is known',
    person_key     UUID COMMENT 'pseudonym of the identity number',
    employer_name  LowCardinality(String),
    unit_kind      LowCardinality(String) COMMENT 'medical, industrial, other',
    hospital_level LowCardinality(String),
    worker_no      String,
    sex            LowCardinality(String) COMMENT 'male, female',
    birth_date     Date32,
    job_class      LowCardinality(String),
    start_date     Date32,
    end_date       Nullable(Date32),
    training_date  Nullable(Date32),
    dosimetry_org  LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, worker_no, key_hash, batch);
{{distributed "raw_radiation_worker" "cityHash64(employer_key)"}}
