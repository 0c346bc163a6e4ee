package transform_test

import (
	"testing"

	"ohwatch/transform"
)

// BenchmarkRun_CityScale times a whole transform over a city of full size, made by the engine itself: 300 000 exams,
// 1 500 employers, nine years.
func BenchmarkRun_CityScale(b *testing.B) {
	c := newCity(b, "2026-11-15")
	c.exec(`INSERT INTO raw_employer (batch, row, version, op, key_hash, employer_key, employer_name, workplace_no, township_code,
		industry_code, size_class, employees, exposed_total, risk_class, status, start_date)
		SELECT 1, number, 1, 'load', number, concat('E', toString(number)), concat('厂', toString(number)), 1,
			toString(410184101 + number % 9), ['C3484', 'C3110', 'C2710', 'C3912', 'F51'][number % 5 + 1],
			['small', 'micro', 'medium'][number % 3 + 1], 60, 27, '', 'active', '2012-01-01'
		FROM numbers(1500)`)
	c.exec(`INSERT INTO raw_exam (batch, row, version, op, key_hash, employer_key, using_key, institution_code, report_card_id, exam_no,
		person_key, exam_type, hazards_exposed, hazards_examined, exam_date, conclusion_overall, conclusion_hazard, conclusion, report_date, upload_date)
		SELECT 2, number, 1, 'load', number, concat('E', toString(number % 1500)) AS e, e, 'I1', toString(number), toString(number),
			toUUID(concat('00000000-0000-0000-0000-', leftPad(toString(number % 40000), 12, '0'))),
			if(number < 40000, 'pre', 'in'),
			['HZ-3-001', 'HZ-1-011', 'HZ-2-029'] AS h, h, toDate32('2018-01-01') + intDiv(number, 40000) * 400 + number % 300 AS d,
			if(number % 20 = 0, 'recheck', 'normal') AS r, h, [r, 'normal', 'normal'], d, d
		FROM numbers(300000)`)
	c.exec(`INSERT INTO raw_declaration (batch, row, version, op, key_hash, employer_key, declaration_no, declare_date, accept_date, workshop, post, hazard, exposed)
		SELECT 3, number, 1, 'load', number, concat('E', toString(number % 1500)), toString(number), d, toDate32('2018-03-01') + intDiv(number, 15000) * 365 AS d,
			concat('w', toString(intDiv(number, 1500) % 3)), concat('p', toString(intDiv(number, 4500) % 3)), ['HZ-3-001', 'HZ-1-011', 'HZ-2-029'][intDiv(number, 1500) % 3 + 1], 9
		FROM numbers(130000)`)
	c.exec(`INSERT INTO raw_detection (batch, row, version, op, key_hash, employer_key, report_no, test_kind, sample_date, issue_date, workshop, post, hazard, limit_type, value, qualifier, unit, sample_no)
		SELECT 4, number, 1, 'load', number, concat('E', toString(number % 1500)), concat('R', toString(number % 1500), '-', toString(intDiv(number, 15000))), 'periodic', d, toDate32('2018-05-01') + intDiv(number, 15000) * 380 AS d,
			concat('w', toString(intDiv(number, 1500) % 3)), concat('p', toString(intDiv(number, 4500) % 3)), ['HZ-3-001', 'HZ-1-011', 'HZ-2-029'][intDiv(number, 1500) % 3 + 1],
			['LEX8h', 'TWA', 'TWA'][intDiv(number, 1500) % 3 + 1], [82, 2, 10][intDiv(number, 1500) % 3 + 1], 'eq', ['dB(A)', 'mg/m3', 'mg/m3'][intDiv(number, 1500) % 3 + 1], toString(number)
		FROM numbers(120000)`)
	c.exec(`INSERT INTO raw_dose (batch, row, version, op, key_hash, employer_key, unit_kind, worker_no, person_key, start_date, period_start, period_end, quantity, position, value, qualifier, final_value)
		SELECT 5, number, 1, 'load', number, concat('E', toString(number % 20)), 'medical', toString(number % 1500), generateUUIDv4(number), '2015-01-01',
			addMonths(toDate32('2018-01-01'), toInt32(intDiv(number, 1500) * 3)) AS s, addMonths(s, 3) - 1, 'hp10', 'chest', 0.2, 'eq', 0.2
		FROM numbers(52500)`)
	for batch, stream := range []string{"employer", "exam", "declaration", "detection", "dose"} {
		c.exec("INSERT INTO ops_batch (batch, at, state, stream, n_read, n_loaded) SELECT " + itoa(batch+1) +
			", '2020-01-01 00:00:00', 'published', '" + stream + "', count(), count() FROM raw_" + stream)
	}
	for b.Loop() {
		result, err := transform.Run(b.Context(), c.db, transform.Options{Today: c.today, Full: true})
		if err != nil {
			b.Fatal(err)
		}
		for _, s := range result.Steps {
			b.Logf("%-24s %8d rows %6.2f s", s.Name, s.Rows, s.Seconds)
		}
	}
}
