package warehouse_test

import (
	"testing"

	"ohwatch/warehouse/warehousetest"
)

func TestMigrate(t *testing.T) {
	db := warehousetest.Empty(t)
	n, err := db.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info, err := db.Info(t.Context())
	t.Logf("%d %+v %v", n, info, err)
	n, err = db.Migrate(t.Context())
	t.Log(n, err, db.RequireSchema(t.Context()))
}
