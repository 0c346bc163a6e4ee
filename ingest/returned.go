package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// The columns that a file of rejects has behind the sender's own. Their headings are fixed, so that the file is
// known again when it comes back in whatever language it was written.
const (
	returnMark    = "〔退回〕"
	returnToken   = returnMark + "编号，请勿改动 token"
	returnRow     = returnMark + "原行号 row"
	returnCode    = returnMark + "代码 code"
	returnReason  = returnMark + "问题"
	returnProblem = returnMark + "problem"
	returnRepair  = returnMark + "修改建议 repair"
)

// returnHeadings are the headings of these columns in order.
var returnHeadings = []string{returnReason, returnProblem, returnRepair, returnCode, returnRow, returnToken}

// rejectToken is the number that a rejected row is sent back under: batch and line, signed, so that a made-up
// or mistyped number closes nothing.
func (k *keys) rejectToken(batch uint64, row uint32) string {
	return fmt.Sprintf("R%d-%d-%s", batch, row, k.tokenMAC(batch, row))
}

func (k *keys) tokenMAC(batch uint64, row uint32) string {
	mac := hmac.New(sha256.New, k.pseudonym)
	fmt.Fprintf(mac, "reject:%d:%d", batch, row)
	return hex.EncodeToString(mac.Sum(nil)[:6])
}

// readToken returns the row that a token names; ok is false when it is none of ours.
func (k *keys) readToken(text string) (batch uint64, row uint32, ok bool) {
	rest, found := strings.CutPrefix(strings.ToUpper(fold(text)), "R")
	parts := strings.Split(rest, "-")
	if !found || len(parts) != 3 {
		return 0, 0, false
	}
	batch, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil {
		return 0, 0, false
	}
	line, err := strconv.ParseUint(parts[1], 10, 32)
	if err != nil {
		return 0, 0, false
	}
	row = uint32(line)
	return batch, row, hmac.Equal([]byte(strings.ToLower(parts[2])), []byte(k.tokenMAC(batch, row)))
}

// returned is a row that came back mended, or not.
type returned struct {
	line  uint32 // in the file that it came back in
	batch uint64
	row   uint32
}

// returns reads the tokens of the rows of a record as sent.
func (c *checker) returns(raw arrow.Record) []returned {
	at := -1
	for j := colCells; j < int(raw.NumCols()); j++ {
		if name := raw.ColumnName(j); strings.HasPrefix(name, returnMark) && heading(name) == heading(returnToken) {
			at = j
		}
	}
	if at < 0 {
		return nil
	}
	var found []returned
	rows := raw.Column(colRow).(*array.Uint32)
	tokens := raw.Column(at).(*array.String)
	for i := range int(raw.NumRows()) {
		if batch, row, ok := c.plan.keyring.readToken(tokens.Value(i)); ok {
			found = append(found, returned{line: rows.Value(i), batch: batch, row: row})
		}
	}
	return found
}
