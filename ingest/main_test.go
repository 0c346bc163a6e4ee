package ingest

import (
	"testing"

	"ohwatch/warehouse/warehousetest"
)

func TestMain(m *testing.M) { warehousetest.Main(m) }
