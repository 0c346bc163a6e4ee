-- name: patients
-- title: Days of appraisal, recognition of injury and benefits
-- What a patient's file needs beside the days of suspicion, diagnosis and visits.

-- +goose Up

ALTER TABLE {{table "raw_case_report"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS appraisal_date Nullable(Date32) COMMENT 'of the appraisal of a disputed diagnosis';
ALTER TABLE {{table "raw_case_report"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS appraisal_result LowCardinality(String) COMMENT 'upheld, changed, reversed, empty';
ALTER TABLE raw_case_report {{on_cluster}} ADD COLUMN IF NOT EXISTS appraisal_date Nullable(Date32);
ALTER TABLE raw_case_report {{on_cluster}} ADD COLUMN IF NOT EXISTS appraisal_result LowCardinality(String);

ALTER TABLE {{table "raw_follow_up"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS injury_date Nullable(Date32) COMMENT 'of the recognition as work injury';
ALTER TABLE {{table "raw_follow_up"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS benefit_date Nullable(Date32) COMMENT 'from which benefits are paid';
ALTER TABLE raw_follow_up {{on_cluster}} ADD COLUMN IF NOT EXISTS injury_date Nullable(Date32);
ALTER TABLE raw_follow_up {{on_cluster}} ADD COLUMN IF NOT EXISTS benefit_date Nullable(Date32);
