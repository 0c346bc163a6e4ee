package transform

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// DoseRules are the choices that the standards on personal doses leave to whoever keeps the records.
type DoseRules struct {
	BelowMDL   string // what a reading below the detection level counts: half (also empty), zero or mdl
	Unshielded bool   // workers with two dosimeters, under and over a lead apron, wear no thyroid shield
	FirstBlock int    // first year of one of the fixed blocks of five years; 0: 2001
}

// Shares of the detection level that a reading below it counts.
var mdlShares = map[string]float64{"": 0.5, "half": 0.5, "zero": 0, "mdl": 1}

// ParseBelowMDL returns the share of the detection level that a reading below it counts: half, zero or mdl.
func ParseBelowMDL(text string) (share float64, ok bool) {
	share, ok = mdlShares[text]
	return share, ok
}

// values are bound in the models on doses.
func (r DoseRules) values() map[string]string {
	block := r.FirstBlock
	if block == 0 {
		block = 2001
	}
	return map[string]string{
		"mdl_share":   strconv.FormatFloat(mdlShares[r.BelowMDL], 'g', -1, 64),
		"is_shielded": strconv.FormatBool(!r.Unshielded), "first_block": strconv.Itoa(block),
	}
}

// DoseTable chooses what the annual table of doses shows.
type DoseTable struct {
	Year     int
	By       string    // total (also empty), job_class, unit_kind, township
	Edges    []float64 // upper edges of the bands in mSv, rising, each belonging to its band; nil: those of S10c
	Decimals int       // to which a dose is rounded before it is put in a band; below 0: not at all
	BelowMDL string    // half, zero or mdl; empty: as configured when the models were made
}

// DefaultDoseBands are the edges of S10c in mSv; below them stands a band of doses without a reading above the detection level.
func DefaultDoseBands() []float64 { return []float64{1, 5, 15, 20, 50} }

// DoseRow is one line of the annual table: doses in mSv, collective doses in person-mSv. Every person counts once.
type DoseRow struct {
	Year              uint16    `ch:"year" json:"year"`
	By                string    `ch:"-" json:"by"`
	Value             string    `ch:"by_value" json:"value"` // job class, kind of unit, township; empty in the total
	NameZh            string    `ch:"name_zh" json:"name_zh"`
	NameEn            string    `ch:"name_en" json:"name_en"`
	Monitored         uint64    `ch:"n_monitored" json:"monitored"`
	WithoutDose       uint64    `ch:"n_without_dose" json:"without_dose"` // monitored, but no period has a dose
	Measurable        uint64    `ch:"n_measurable" json:"measurable"`
	WithNominal       uint64    `ch:"n_with_nominal" json:"with_nominal"`
	WithLost          uint64    `ch:"n_with_lost" json:"with_lost"`
	AtSeveralUnits    uint64    `ch:"n_at_several_units" json:"at_several_units"`
	Collective        float64   `ch:"collective_msv" json:"collective_msv"`
	CollectiveNominal float64   `ch:"collective_nominal" json:"collective_nominal_msv"` // part of it
	CollectiveLow     float64   `ch:"collective_low" json:"collective_low_msv"`         // readings below the detection level as 0
	CollectiveHigh    float64   `ch:"collective_high" json:"collective_high_msv"`       // and as that level
	Mean              *float64  `ch:"mean_msv" json:"mean_msv"`
	MeanMeasurable    *float64  `ch:"mean_measurable_msv" json:"mean_measurable_msv"`
	Max               *float64  `ch:"max_msv" json:"max_msv"`
	Bands             []string  `ch:"-" json:"bands"` // MDL for doses below the detection level, then "≤1", "1–5", …, ">50"
	Counts            []uint64  `ch:"counts" json:"counts"`
	Shares            []float64 `ch:"-" json:"shares"` // of the monitored
}

// AnnualDoses returns the table that dose registries publish, from fct_dose_person_year.
func AnnualDoses(ctx context.Context, db *warehouse.DB, t DoseTable) ([]DoseRow, error) {
	by, edges := t.By, t.Edges
	if by == "" {
		by = "total"
	}
	if edges == nil {
		edges = DefaultDoseBands()
	}
	share := -1.0
	if t.BelowMDL != "" {
		share = mdlShares[t.BelowMDL]
	}
	var rows []DoseRow
	err := db.Select(ctx, &rows, "transform_dose_table",
		clickhouse.Named("year", t.Year), clickhouse.Named("by", by), clickhouse.Named("edges", edges),
		clickhouse.Named("has_mdl_band", t.Edges == nil), clickhouse.Named("decimals", t.Decimals), clickhouse.Named("mdl_share", share))
	if err != nil {
		return nil, fmt.Errorf("read the annual table of doses: %w", err)
	}
	bands := bandNames(edges, t.Edges == nil)
	for i := range rows {
		r := &rows[i]
		r.By, r.Bands = by, bands
		r.Shares = make([]float64, len(r.Counts))
		for k, n := range r.Counts {
			if r.Monitored > 0 {
				r.Shares[k] = float64(n) / float64(r.Monitored)
			}
		}
	}
	return rows, nil
}

func bandNames(edges []float64, mdl bool) []string {
	text := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	var names []string
	if mdl {
		names = append(names, "<MDL")
	}
	for i, edge := range edges {
		if i == 0 {
			names = append(names, "≤"+text(edge))
		} else {
			names = append(names, text(edges[i-1])+"–"+text(edge))
		}
	}
	return append(names, ">"+text(edges[len(edges)-1]))
}
