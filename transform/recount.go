package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// recount is an indicator whose values are computed anew.
type recount struct {
	Indicator

	knows bool               // its values in use were made of the models in use, by the same definition
	only  map[periodKey]bool // periods that are computed; nil: all
	years *cells             // of a trend: what was counted in the years that are not computed
}

type periodKey struct{ kind, period string }

// periodTable is the table of a stage that names the periods in which indicators are computed anew.
const periodTable = "touched_periods"

// planRecounts finds out for each indicator whether it is known in which periods its values can have changed, and notes them.
func (s *stage) planRecounts(ctx context.Context, stale []recount, g *grid, contents, before map[string]string, opt Options) error {
	if err := execTemplate(ctx, s.work, "transform_periods_make", map[string]any{"Table": periodTable}); err != nil {
		return err
	}
	for k := range stale {
		r := &stale[k]
		changes, ok, err := s.daysTouched(ctx, r, contents, before, opt)
		if err == nil && ok {
			err = s.planPeriods(ctx, r, changes, g, opt)
		}
		if err != nil {
			return fmt.Errorf("find out what changes in %s: %w", r.Path, err)
		}
	}
	return nil
}

// daysTouched says which changed rows name the days of an indicator's rows that can have changed; ok is false where
// that is not known.
func (s *stage) daysTouched(ctx context.Context, r *recount, contents, before map[string]string, opt Options) (changes []rowChange, ok bool, err error) {
	if !r.knows || r.Flow == "" {
		return nil, false, nil
	}
	body, err := r.cells(s.live, "")
	if err != nil {
		return nil, false, err
	}
	own, employers := identifiers(r.Body), ""
	for _, name := range append(identifiers(body), cellModel) {
		if contents[name] == before[name] {
			continue
		}
		table, known := s.changes[name]
		led := false
		if name == employerModel && known && !slices.Contains(own, name) { // it only says where a row counts
			employers = table
			continue
		}
		var inputs []KeyInput
		if r.Days != nil {
			inputs = r.Days.Inputs
		}
		for _, in := range inputs { // a row may stand under several days
			if known && in.Name == name && in.Leads {
				led = true
				changes = append(changes, rowChange{Table: table, Value: in.Value})
			}
		}
		if !led {
			return nil, false, nil
		}
	}
	if employers != "" {
		changes, err = s.daysOfEmployers(ctx, r, changes, employers, opt)
	}
	return changes, err == nil && len(changes) > 0, err
}

// daysOfEmployers adds the days of rows whose employers have changed.
func (s *stage) daysOfEmployers(ctx context.Context, r *recount, changes []rowChange, changed string, opt Options) ([]rowChange, error) {
	if _, err := s.queryable(ctx, r.Body); err != nil {
		return nil, err
	}
	table := "employer_days_of_" + r.ID
	text, err := templated(s.work, "transform_days_of_employers", map[string]any{"Table": table, "Body": r.Body, "Changed": changed})
	if err == nil {
		err = s.work.ExecSQL(limited(ctx, opt.Memory), text, bind(r.Body, opt.values())...)
	}
	return append(changes, rowChange{Table: table, Value: "value"}), err
}

// planPeriods notes the periods that the changed rows touch.
func (s *stage) planPeriods(ctx context.Context, r *recount, changes []rowChange, g *grid, opt Options) error {
	days := Key{Column: "day_of_" + r.ID}
	if _, err := s.touch(ctx, days, changes); err != nil {
		return err
	}
	if err := s.show(ctx, "dim_day", "dim_period"); err != nil {
		return err
	}
	names := map[string]any{
		"Table": periodTable, "Touched": touchedTable(days), "State": r.Flow == FlowState, "Indicator": r.ID, "Body": r.Body, "Database": s.live.Database(),
	}
	if err := execTemplate(ctx, s.work, "transform_touched_periods", names); err != nil {
		return err
	}
	only := map[periodKey]bool{}
	var rows []struct {
		Kind   string `ch:"period_kind"`
		Period string `ch:"period"`
	}
	text, err := templated(s.work, "transform_periods", names)
	if err == nil {
		err = s.work.Conn().Select(ctx, &rows, text)
	}
	if err != nil {
		return err
	}
	for _, p := range rows {
		only[periodKey{p.Kind, p.Period}] = true
	}
	if r.Falling {
		for _, p := range g.readings {
			if only[periodKey{p.kind, p.period}] && p.inTrend() {
				return nil // the trend of each period from then on is another one
			}
		}
		if ok, err := s.readYears(ctx, r, names, opt); err != nil || !ok {
			return err
		}
	}
	r.only = only
	return nil
}

// readYears reads what was counted in the years that are not computed anew. ok is false where the denominator can be missing
// and is not kept as such.
func (s *stage) readYears(ctx context.Context, r *recount, names map[string]any, opt Options) (ok bool, err error) {
	text, err := templated(s.work, "transform_denominator", names)
	if err != nil {
		return false, err
	}
	var column []struct {
		Name string `ch:"name"`
		Type string `ch:"type"`
	}
	if _, err := s.queryable(ctx, r.Body); err != nil {
		return false, err
	}
	if err := s.work.Conn().Select(ctx, &column, text, bind(r.Body, opt.values())...); err != nil {
		return false, err
	}
	canMiss := len(column) != 1 || strings.HasPrefix(column[0].Type, "Nullable(")
	for _, v := range r.Variants {
		if canMiss && v.Unit != Count && v.Unit != Sum {
			return false, nil
		}
	}
	text, err = templated(s.work, "transform_years", names)
	if err != nil {
		return false, err
	}
	rows, err := s.work.QuerySQL(ctx, text)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	c := &cells{}
	var periods, areas, dims, dimValues []string
	var days []time.Time
	for rows.Next() {
		if err := rows.Scan(&c.variantNames, &periods, &days, &dims, &dimValues, &areas, &c.numerators, &c.denominators); err != nil {
			return false, err
		}
	}
	for k := range periods { // each value has a number of its own
		c.readings = append(c.readings, reading{"year", periods[k], days[k]})
		c.places = append(c.places, cellPlace{areas[k], dims[k], dimValues[k]})
		c.variants, c.times, c.strata = append(c.variants, uint32(k)), append(c.times, uint32(k)), append(c.strata, uint32(k))
	}
	r.years = c
	return true, rows.Err()
}
