package delivery_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(killVariable); text != "" {
		if err := sendAndDie(context.Background(), strings.Split(text, "\x1f")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	warehousetest.Main(m)
}

// TestDelivery runs the tests that need the outbox of a warehouse, each on an empty one.
func TestDelivery(t *testing.T) {
	db := warehousetest.Open(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *warehouse.DB)
	}{
		{"OnceByKey", testOnceByKey},
		{"ChannelAwayForADay", testChannelAwayForADay},
		{"Clock", testClock},
		{"RefusedAndByHand", testRefusedAndByHand},
		{"Unreachable", testUnreachable},
		{"Killed", testKilled},
		{"Signatures", testSignatures},
		{"Answers", testAnswers},
		{"Folder", testFolder},
		{"Mail", testMail},
		{"MailServerAway", testMailServerAway},
		{"MailRefused", testMailRefused},
		{"Bounces", testBounces},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, table := range []string{"ops_outbox", "ops_outbox_payload", "ops_outbox_event"} {
				if err := db.ExecSQL(t.Context(), "TRUNCATE TABLE "+table); err != nil {
					t.Fatal(err)
				}
			}
			c.test(t, db)
		})
	}
}
