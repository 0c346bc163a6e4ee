package ingest

import (
	"github.com/google/uuid"
)

// value is one converted value of a row. Which of its parts count depends on the column.
type value struct {
	set   bool
	month bool        // a date of which only the month is known
	kept  bool        // text and list live longer than the record that they were read from
	lasts bool        // the value itself does, and is not changed any more
	day   int32       // date
	num   float64     // number; 0 or 1 for a truth value
	text  string      // text or code
	list  []string    // several texts or codes
	id    uuid.UUID   // pseudonym
	ids   []uuid.UUID // several pseudonyms

	// Of a value that lasts, once it was stored:
	sum     uint64   // the hash of what is stored
	number  uint32   // of its text among the words of its column, from 1
	numbers []uint32 // of the texts of its list there, from 1; 0 for an empty one
	words   uint32   // the edition of these words
	twin    *value   // its text in another column
}

// last keeps a value for rows to come.
func (v *value) last() { v.kept, v.lasts = true, true }

func (v *value) date() date { return date{v.day, v.month} }

func (v *value) setText(s string)      { v.text, v.set, v.kept = s, s != "", false }
func (v *value) setNumber(f float64)   { v.num, v.set = f, true }
func (v *value) setDate(d date)        { v.day, v.month, v.set = d.day, d.month, true }
func (v *value) setID(id uuid.UUID)    { v.id, v.set = id, true }
func (v *value) setList(list []string) { v.list, v.set, v.kept = list, len(list) > 0, false }
func (v *value) setBool(b bool) {
	v.num, v.set = 0, true
	if b {
		v.num = 1
	}
}
