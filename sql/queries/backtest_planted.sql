-- name: backtest_planted
-- title: What an employer is called in the data, and the rows of a card
SELECT
    (SELECT groupUniqArray(employer_name) FROM dim_employer WHERE employer_key = {employer:String} AND {employer:String} != '' AND employer_name != ''),
    (SELECT groupArray(concat('case_report:', toString(batch), ':', toString(row))) FROM raw_case_report WHERE card_no = {subject:String} AND {subject:String} != '')
