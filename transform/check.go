package transform

import (
	"context"
	"fmt"
	"strings"

	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// CheckResult is what one check of sql/checks found. A check is a query that returns offenders, one text a row.
type CheckResult struct {
	Name      string
	Title     Title
	Offenders []string // the first of them
	N         int      // all of them
}

// Passed reports whether the check found nothing.
func (c CheckResult) Passed() bool { return c.N == 0 }

// maxOffenders is how many offenders of a check are kept.
const maxOffenders = 20

// runChecks runs every check against the tables as they are.
func runChecks(ctx context.Context, db *warehouse.DB, opt Options) ([]CheckResult, error) {
	files, err := ohsql.LoadFS(opt.Files, "checks")
	if err != nil {
		return nil, err
	}
	var results []CheckResult
	for _, f := range files {
		title, err := parseTitle(f.Header["title"])
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: title: %w", f.Path, headerLine(f, "title"), err)
		}
		r, err := runCheck(ctx, db, f, opt.values())
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", f.Path, err)
		}
		r.Name, r.Title = f.Name, title
		results = append(results, r)
	}
	return results, nil
}

func runCheck(ctx context.Context, db *warehouse.DB, f ohsql.File, values map[string]string) (result CheckResult, err error) {
	rows, err := db.QuerySQL(ctx, f.Body, bind(f.Body, values)...)
	if err != nil {
		return CheckResult{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var offender string
		if err := rows.Scan(&offender); err != nil {
			return CheckResult{}, err
		}
		if result.N++; result.N <= maxOffenders {
			result.Offenders = append(result.Offenders, strings.TrimSpace(offender))
		}
	}
	return result, rows.Err()
}
