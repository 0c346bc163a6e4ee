package ingest

import "github.com/apache/arrow/go/v17/arrow"

type Mapping struct {
	Stream string
}

func (m *Mapping) name() string                                  { return "" }
func (m *Mapping) fits(c *Contract) error                        { return nil }
func (m *Mapping) header(rows [][]string) (header, error)        { return header{}, nil }
func (m *Mapping) mapper(c *Contract, h header) (*mapper, error) { return nil, nil }

type mapper struct{}

func (m *mapper) header() header                                      { return header{} }
func (m *mapper) apply(rec arrow.Record) (arrow.Record, []int, error) { return nil, nil, nil }

// ReadMapping reads a mapping file.
func ReadMapping(path string) (*Mapping, error) { return nil, refuse("mapping_invalid", nil) }
