package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

// failure is what ops_run says of a check that found something.
func (c CheckResult) failure() error {
	if c.Passed() {
		return nil
	}
	return errors.New(strings.Join(c.Offenders, "; "))
}

// FailedCheck is a check that kept the results of the last transform from being put in place.
type FailedCheck struct {
	Name      string `ch:"name"`
	N         uint64 `ch:"n"`         // offenders
	Offenders string `ch:"offenders"` // the first of them
}

// FailedChecks reads which checks stopped the last transform; none when its results are in place.
func FailedChecks(ctx context.Context, db *warehouse.DB) (failed []FailedCheck, err error) {
	return failed, db.Select(ctx, &failed, "transform_failed_checks")
}

// check is one file of sql/checks.
type check struct {
	ohsql.File
	title Title
	keys  []Key // at most one: offenders with a value of it depend only on the rows of its inputs that have the same value
}

func loadChecks(opt Options) ([]check, error) {
	files, err := ohsql.LoadFS(opt.Files, "checks")
	if err != nil {
		return nil, err
	}
	var checks []check
	for _, f := range files {
		c := check{File: f}
		if c.title, err = parseTitle(f.Header["title"]); err != nil {
			return nil, fmt.Errorf("%s: line %d: title: %w", f.Path, headerLine(f, "title"), err)
		}
		if c.keys, err = readKeys(f, identifiers(f.Body)); err != nil {
			return nil, err
		}
		if len(c.keys) > 1 {
			return nil, fmt.Errorf("%s: line 1: a check has one key at most", f.Path)
		}
		checks = append(checks, c)
	}
	return checks, nil
}

func (c check) digest() string {
	h := sha256.Sum256([]byte(c.Body))
	return hex.EncodeToString(h[:12])
}

// runChecks runs the checks against what the stage shows. A check that found nothing in what is in use is run only on what
// has changed since, where its key says how.
func runChecks(ctx context.Context, s *stage, opt Options, record *runRecord) ([]CheckResult, error) {
	checks, err := loadChecks(opt)
	if err != nil {
		return nil, err
	}
	passed := map[string]string{}
	if err := readSignatures(ctx, s.live, passed, "transform_check_states"); err != nil {
		return nil, err
	}
	var results []CheckResult
	for _, c := range checks {
		start := time.Now()
		result := CheckResult{Name: c.Name, Title: c.title}
		need, part, err := s.concerns(ctx, c, passed[c.Name] == c.digest() && !opt.Full)
		if err == nil && need {
			result, err = c.run(ctx, s, part, opt.values())
			if err == nil {
				err = record.step(ctx, kindCheck, c.Name, uint64(result.N), time.Since(start).Seconds(), c.digest(), result.failure())
			}
		}
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", c.Path, err)
		}
		results = append(results, result)
	}
	return results, nil
}

// concerns says whether a check can come out otherwise than it did on what is in use, and whether the changed values
// of its key suffice to find out.
func (s *stage) concerns(ctx context.Context, c check, passedBefore bool) (need, part bool, err error) {
	var inputs []string
	for _, name := range identifiers(c.Body) {
		if _, exists := s.tables[name]; exists || s.isMade(name) {
			inputs = append(inputs, name)
		}
	}
	changed := slices.ContainsFunc(inputs, func(name string) bool {
		return s.isMade(name) || s.changes[name] != "" || hasPrefix(name, "ops_", "ref_")
	})
	switch {
	case !passedBefore, len(parameters(c.Body)) > 0:
		return true, false, nil
	case !changed:
		return false, false, nil
	case len(c.keys) == 0:
		return true, false, nil
	}
	changes, known := s.concerned(c.keys, inputs)
	if !known {
		return true, false, nil
	}
	n, err := s.touch(ctx, c.keys[0], changes[0])
	return n > 0, true, err
}

func (c check) run(ctx context.Context, s *stage, part bool, values map[string]string) (CheckResult, error) {
	db, err := s.queryable(ctx, c.Body)
	if err != nil {
		return CheckResult{}, err
	}
	if part {
		for _, in := range c.keys[0].Inputs {
			if err := s.showPart(ctx, in.Name, in.Value, touchedTable(c.keys[0])); err != nil {
				return CheckResult{}, err
			}
		}
	}
	result, err := c.offenders(ctx, db, values)
	result.Name, result.Title = c.Name, c.title
	return result, err
}

func (c check) offenders(ctx context.Context, db *warehouse.DB, values map[string]string) (result CheckResult, err error) {
	rows, err := db.QuerySQL(ctx, c.Body, bind(c.Body, values)...)
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
