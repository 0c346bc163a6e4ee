package export

import (
	"errors"
	"testing"
)

func TestCheckQuery(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1":                                                 "",
		"  select count() from stg_exam ; ":                        "",
		"WITH 1 AS x SELECT x":                                     "",
		"(SELECT 1) UNION ALL (SELECT 2)":                          "",
		"-- note\nSELECT 1 /* file('x') */":                        "",
		"SELECT 'file(''x''); DROP TABLE t', \"format\", `insert`": "",
		"SELECT format('{} {}', 1, 2), file FROM t":                "",
		"SHOW TABLES":                                              "",
		"DESCRIBE TABLE t":                                         "",
		"EXPLAIN SELECT 1":                                         "",
		"EXISTS TABLE t":                                           "",
		"SELECT '单位' AS 名称":                                        "",
		"SELECT $$;DROP$$":                                         "",
		"":                                                         "export.empty_query",
		" -- only a comment":                                       "export.empty_query",
		"((":                                                       "export.empty_query",
		"DROP TABLE raw_exam":                                      "export.not_reading",
		"INSERT INTO t SELECT 1":                                   "export.not_reading",
		"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x": "export.not_reading",
		"ALTER TABLE t DELETE WHERE 1":                       "export.not_reading",
		"SYSTEM SHUTDOWN":                                    "export.not_reading",
		"SET readonly = 0":                                   "export.not_reading",
		"KILL QUERY WHERE 1":                                 "export.not_reading",
		"GRANT ALL ON *.* TO reader":                         "export.not_reading",
		"TRUNCATE t":                                         "export.not_reading",
		"/* x */ OPTIMIZE TABLE t":                           "export.not_reading",
		"'SELECT'":                                           "export.not_reading",
		"SELECT 1; DROP TABLE t":                             "export.two_statements",
		"SELECT 1 INTO OUTFILE '/tmp/x'":                     "export.no_format",
		"SELECT 1 FORMAT CSV":                                "export.no_format",
		"SELECT * FROM file('/etc/passwd', LineAsString)":    "export.outside",
		"SELECT * FROM FILE /**/ ('x')":                      "export.outside",
		"SELECT * FROM `file`('x')":                          "export.outside",
		"SELECT * FROM \"url\"('http://x')":                  "export.outside",
		"SELECT file('x')":                                   "export.outside",
		"SELECT * FROM remote('h', system.one)":              "export.outside",
		"SELECT * FROM s3('x')":                              "export.outside",
		"SELECT * FROM executable('x', 'TSV', 'a String')":   "export.outside",
		"SELECT '\\' , file('x')":                            "export.not_a_query", // the string never ends
		"SELECT '\\\\', file('x')":                           "export.outside",
		"SELECT 1 /* /* */ , file('x')":                      "export.not_a_query",
		"SELECT 1 /* /* */ */ , file('x')":                   "export.outside",
		"SELECT * FROM `fi\\x6ce`('x')":                      "export.not_a_query",
		"SELECT “'”, file('x') “'”":                          "export.not_a_query",
		"SELECT 1\x00":                                       "export.not_a_query",
		"SELECT 'open":                                       "export.not_a_query",
	} {
		expect(t, sql, want, CheckQuery(sql))
	}
}

func TestCheckCondition(t *testing.T) {
	for sql, want := range map[string]string{
		"exam_date >= '2026-01-01' AND employer_key IN ('a', 'b')": "",
		"has(hazards_exposed, 'HZ-3-001')":                         "",
		"t.`where` = 1 AND t.limit > 2":                            "",
		"name = 'x) OR (1=1; --'":                                  "",
		"":                                                         "export.empty_query",
		"1) OR (1":                                                 "export.not_a_condition",
		"(1":                                                       "export.not_a_condition",
		"1 UNION ALL SELECT 1":                                     "export.not_a_condition",
		"x IN (SELECT 1)":                                          "export.not_a_condition",
		"1 LIMIT 5":                                                "export.not_a_condition",
		"1 SETTINGS readonly = 0":                                  "export.not_a_condition",
		"1 FORMAT CSV":                                             "export.not_a_condition",
		"1; DROP TABLE t":                                          "export.two_statements",
		"file('x') = 'y'":                                          "export.outside",
		"1 /*":                                                     "export.not_a_query",
	} {
		expect(t, sql, want, CheckCondition(sql))
	}
}

func expect(t *testing.T, sql, want string, err error) {
	t.Helper()
	got := ""
	var refused *RefusedError
	if errors.As(err, &refused) {
		got = refused.Code
	} else if err != nil {
		t.Errorf("%q: error %v is no *RefusedError", sql, err)
	}
	if got != want {
		t.Errorf("%q: %q, want %q", sql, got, want)
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "'", "/*", "$a$x$a$", "`\\`", "--", "SELECT “", "#! x\nSELECT 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if err := CheckCondition(sql); err == nil {
			// What passes as a condition stays one inside parentheses.
			if err := CheckQuery("SELECT (\n" + sql + "\n)"); err != nil {
				var refused *RefusedError
				if !errors.As(err, &refused) || refused.Code != "export.not_reading" && refused.Code != "export.no_format" {
					t.Fatalf("%q passes as a condition, and not in a query: %v", sql, err)
				}
			}
		}
	})
}
