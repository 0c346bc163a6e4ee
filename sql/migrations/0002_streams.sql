-- name: streams
-- title: Rows of the senders, every version
-- One table per stream. A row is one version of one fact as it was loaded; rows count only when their
-- batch is published and not reverted (see models/stg_batch.sql). Sorting keys begin with the employer,
-- which is also what shards. Code columns hold internal ids of the code lists; a blank id means that the
-- sender's words (the *_text column) are still to be matched.
--
-- Columns that all of them share:
--   batch, row, sheet     where the row came from
--   version               1 for the first version of the natural key
--   op                    load, correct or void
--   key_hash              hash of the natural key
--   content_hash          hash of the whole content
--   loaded_at             instant of loading
--   notes                 codes of warnings and notes on the row

-- +goose Up

CREATE TABLE IF NOT EXISTS {{table "raw_employer"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key      LowCardinality(String) COMMENT 'unified social credit code',
    workplace_no      UInt16,
    employer_name     String,
    former_names      Array(String),
    employer_role     LowCardinality(String) COMMENT 'employer, user, dispatcher',
    register_address  String,
    workplace_address String,
    township_code     LowCardinality(String) COMMENT '9 digits; empty: unassigned',
    township_text     LowCardinality(String),
    industry_code     LowCardinality(String) COMMENT 'GB/T 4754 with section letter, as deep as sent',
    economic_type     LowCardinality(String),
    size_class        LowCardinality(String) COMMENT 'large, medium, small, micro, unknown',
    employees         UInt32,
    dispatched        Nullable(UInt32),
    exposed_total     UInt32,
    exposed_female    Nullable(UInt32),
    risk_class        LowCardinality(String) COMMENT 'severe, general, empty: from the industry',
    head_key          Nullable(UUID) COMMENT 'pseudonym of the name of the person in charge',
    manager_keys      Array(UUID) COMMENT 'pseudonyms of the names of the occupational health managers',
    start_date        Nullable(Date32),
    close_date        Nullable(Date32),
    status            LowCardinality(String) COMMENT 'active, stopped, closed, moved'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, workplace_no, key_hash, batch);
{{distributed "raw_employer" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_declaration"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key    LowCardinality(String),
    employer_name   LowCardinality(String),
    declaration_no  String,
    declare_type    LowCardinality(String) COMMENT 'first, change, annual',
    declare_date    Date32,
    accept_date     Date32,
    workshop        LowCardinality(String),
    post            LowCardinality(String),
    hazard          LowCardinality(String) COMMENT 'hazard id; empty: open',
    hazard_text     LowCardinality(String),
    exposed         UInt32 COMMENT 'persons',
    exposed_female  Nullable(UInt32),
    ppe             String,
    facility        String,
    last_test_value String
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, accept_date, key_hash, batch);
{{distributed "raw_declaration" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_training"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key   LowCardinality(String),
    employer_name  LowCardinality(String),
    person_role    LowCardinality(String) COMMENT 'head, manager, worker, radiation',
    person_key     Nullable(UUID) COMMENT 'pseudonym of the identity number',
    name_key       Nullable(UUID) COMMENT 'pseudonym of the name',
    train_type     LowCardinality(String) COMMENT 'first, refresher',
    train_date     Date32,
    train_date_month_only Bool,
    hours          Float64,
    result         LowCardinality(String) COMMENT 'pass, fail',
    certificate_no String,
    valid_to       Nullable(Date32),
    organiser      LowCardinality(String),
    headcount      Nullable(UInt32) COMMENT 'persons, for rows about a group of workers'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, train_date, key_hash, batch);
{{distributed "raw_training" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_insurance"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key   LowCardinality(String),
    employer_name  LowCardinality(String),
    period         Date32 COMMENT 'first day of the month insured',
    insured_count  UInt32 COMMENT 'persons',
    employees_due  Nullable(UInt32) COMMENT 'persons who should be insured',
    project_cover  Nullable(Bool)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, period, key_hash, batch);
{{distributed "raw_insurance" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_exam"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key       LowCardinality(String) COMMENT 'employer, or name:… when only a name is known',
    employer_name      LowCardinality(String),
    using_key          LowCardinality(String) COMMENT 'unit that uses a dispatched worker; equals employer_key otherwise',
    institution_code   LowCardinality(String),
    institution_name   LowCardinality(String),
    report_card_id     String,
    exam_no            String,
    person_key         UUID,
    id_type            LowCardinality(String),
    sex                LowCardinality(String) COMMENT 'male, female',
    birth_date         Nullable(Date32),
    workshop           LowCardinality(String),
    post               LowCardinality(String),
    total_months       Nullable(UInt16),
    exposure_months    Nullable(UInt16),
    exposure_start     Nullable(Date32),
    exam_type          LowCardinality(String) COMMENT 'pre, in, leave, post, emerg',
    monitor_kind       LowCardinality(String),
    hazards_exposed    Array(LowCardinality(String)) COMMENT 'hazard ids',
    hazards_examined   Array(LowCardinality(String)) COMMENT 'hazard ids',
    hazards_open       Array(String) COMMENT 'hazard words that matched nothing',
    exam_date          Date32,
    exam_date_month_only Bool,
    judge_date         Nullable(Date32),
    report_date        Nullable(Date32),
    upload_date        Nullable(Date32),
    is_reexam          Bool,
    prev_exam_no       String,
    conclusion_overall LowCardinality(String) COMMENT 'normal, recheck, other, contra, suspect, pending',
    conclusion_hazard  Array(LowCardinality(String)) COMMENT 'hazard ids, parallel to conclusion',
    conclusion         Array(LowCardinality(String)),
    suspected_disease  Array(String) COMMENT 'parallel to conclusion, empty where none; words as sent',
    contraindication   Array(String) COMMENT 'parallel to conclusion, empty where none'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, exam_date, key_hash, batch);
{{distributed "raw_exam" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_detection"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key     LowCardinality(String),
    employer_name    LowCardinality(String),
    institution_code LowCardinality(String),
    institution_name LowCardinality(String),
    report_no        LowCardinality(String),
    task_no          LowCardinality(String),
    test_kind        LowCardinality(String) COMMENT 'periodic, status, control, supervision, monitoring, accident',
    survey_date      Nullable(Date32),
    sample_date      Date32,
    sample_date_month_only Bool,
    lab_date         Nullable(Date32),
    issue_date       Nullable(Date32),
    submit_date      Nullable(Date32),
    risk_class       LowCardinality(String) COMMENT 'severe, general',
    sample_no        String,
    unit_area        LowCardinality(String),
    workshop         LowCardinality(String),
    post             LowCardinality(String),
    point            LowCardinality(String),
    method           LowCardinality(String) COMMENT 'personal, area',
    hazard           LowCardinality(String),
    hazard_text      LowCardinality(String),
    fraction         LowCardinality(String) COMMENT 'total, respirable, empty',
    free_sio2_pct    Nullable(Float64) COMMENT 'percent',
    limit_type       LowCardinality(String) COMMENT 'TWA, STEL, MAC, PE, LEX8h, LEX40h, WBGT or as sent',
    minutes          Nullable(Float64),
    flow             Nullable(Float64),
    hours_day        Nullable(Float64),
    days_week        Nullable(Float64),
    hours_week       Nullable(Float64),
    value            Nullable(Float64) COMMENT 'as measured; empty for a non-detect without number',
    qualifier        LowCardinality(String) COMMENT 'eq, lt, nd',
    lod              Nullable(Float64) COMMENT 'limit of quantification, same unit as value',
    unit             LowCardinality(String) COMMENT 'normalised: mg/m3, dB(A), degC, f/mL, ppm, …',
    limit_value      Nullable(Float64) COMMENT 'as the institution states it',
    limit_adjusted   Nullable(Float64),
    judgement        LowCardinality(String) COMMENT 'pass, fail, none',
    exposed          Nullable(UInt32),
    facility_running LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, sample_date, key_hash, batch);
{{distributed "raw_detection" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_dose"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key     LowCardinality(String) COMMENT 'radiation unit',
    employer_name    LowCardinality(String),
    unit_kind        LowCardinality(String) COMMENT 'medical, industrial, other',
    hospital_level   LowCardinality(String),
    worker_no        String,
    person_key       UUID,
    sex              LowCardinality(String),
    birth_date       Nullable(Date32),
    job_class        LowCardinality(String) COMMENT '1A to 4F',
    start_date       Nullable(Date32) COMMENT 'of radiation work',
    end_date         Nullable(Date32),
    dosimetry_org    LowCardinality(String),
    report_no        LowCardinality(String),
    period_start     Date32,
    period_end       Date32,
    period_no        LowCardinality(String),
    position         LowCardinality(String) COMMENT 'chest, under_apron, over_collar, head, wrist, ring',
    quantity         LowCardinality(String) COMMENT 'hp10, hp3, hp007',
    value            Nullable(Float64) COMMENT 'mSv as measured; empty when there is no reading',
    qualifier        LowCardinality(String) COMMENT 'eq, lt (below the detection level), none',
    mdl              Nullable(Float64) COMMENT 'mSv',
    is_nominal       Bool,
    nominal_method   LowCardinality(String),
    dosimeter_status LowCardinality(String) COMMENT 'normal, lost, damaged, not_returned, not_worn, contaminated',
    read_date        Nullable(Date32),
    report_date      Nullable(Date32),
    investigated     Nullable(Bool),
    cause            String,
    final_value      Nullable(Float64) COMMENT 'mSv; what counts: confirmed, nominal, measured, or half the detection level'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, worker_no, period_start, key_hash, batch);
{{distributed "raw_dose" "cityHash64(employer_key)"}}

CREATE TABLE IF NOT EXISTS {{table "raw_case_report"}} {{on_cluster}}
(
    batch UInt64, row UInt32, sheet LowCardinality(String), version UInt32,
    op Enum8('load' = 1, 'correct' = 2, 'void' = 3), key_hash UInt64, content_hash UInt64,
    loaded_at DateTime64(3, 'UTC'), notes Array(LowCardinality(String)),
    employer_key        LowCardinality(String) COMMENT 'empty: no employer',
    employer_name       LowCardinality(String),
    employer_exists     LowCardinality(String) COMMENT 'yes, no, unclear, empty',
    card_no             String,
    card_kind           LowCardinality(String) COMMENT 'suspected, disease, pneumoconiosis, pesticide',
    report_kind         LowCardinality(String) COMMENT 'new, progression, death, correction',
    person_key          UUID,
    sex                 LowCardinality(String),
    birth_date          Nullable(Date32),
    age                 Nullable(UInt8),
    economic_type       LowCardinality(String),
    industry_code       LowCardinality(String),
    size_class          LowCardinality(String),
    source              LowCardinality(String) COMMENT 'exam, diagnosis, clinic, other',
    disease             LowCardinality(String) COMMENT 'disease id; empty: open',
    disease_text        LowCardinality(String),
    disease_category    LowCardinality(String),
    hazard              LowCardinality(String),
    hazard_text         LowCardinality(String),
    stat_post           LowCardinality(String),
    exposure_months     Nullable(UInt16) COMMENT 'whole months of exposure to the hazard; empty: missing',
    exposure_days       Nullable(Float64) COMMENT 'for acute cases',
    first_exposure_date Nullable(Date32),
    last_exposure_date  Nullable(Date32),
    occur_date          Nullable(Date32),
    diagnosis_date      Nullable(Date32),
    stage               LowCardinality(String) COMMENT '1, 2, 3, empty',
    stage_date_1        Nullable(Date32),
    stage_date_2        Nullable(Date32),
    stage_date_3        Nullable(Date32),
    complication        LowCardinality(String),
    severity            LowCardinality(String),
    event_code          LowCardinality(String),
    simultaneous        Nullable(UInt32),
    death_date          Nullable(Date32),
    death_cause         LowCardinality(String),
    diagnosis_org       LowCardinality(String),
    report_org          LowCardinality(String),
    report_date         Date32,
    review_date         Nullable(Date32),
    linked_suspect_card String,
    outcome_of_suspect  LowCardinality(String) COMMENT 'diagnosed, excluded, not_entered, lost, empty'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, report_date, key_hash, batch);
{{distributed "raw_case_report" "cityHash64(employer_key)"}}
