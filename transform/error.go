package transform

import (
	"maps"

	"ohwatch/internal/message"
)

// Error is a failure that a person can do something about. Its sentence is the entry Code of the message
// catalogue; Error() is the same in English. errors.Is compares the codes.
type Error struct {
	Code    string
	Args    map[string]any
	english string
}

// The failures to tell apart.
var (
	// ErrUnknownModel: Options.Select names neither a model nor an indicator. Args: name.
	ErrUnknownModel = &Error{Code: "transform.unknown_model", english: "there is no model or indicator {name}"}
	// ErrNoRows: nothing in sql/explain says what the rows of a reading of a state are. Args: indicator.
	ErrNoRows = &Error{Code: "explain.no_rows", english: "sql/explain has no file that lists the rows of {indicator}"}
	// ErrNoValues: no transform has computed values to freeze or compare.
	ErrNoValues = &Error{Code: "snapshot.no_values", english: "there are no values, run ohwatch transform first"}
	// ErrNoSnapshot: there is no snapshot of that number. Args: snapshot.
	ErrNoSnapshot = &Error{Code: "snapshot.unknown", english: "there is no snapshot {snapshot}"}
	// ErrNoScheme: there is no scheme of that name. Args: scheme.
	ErrNoScheme = &Error{Code: "assessment.no_scheme", english: "there is no scheme {scheme} in the folder assessment"}
	// ErrNoAssessment: there is no assessment of that number, or none that can be replaced. Args: assessment.
	ErrNoAssessment = &Error{Code: "assessment.unknown", english: "there is no assessment {assessment}"}
	// ErrAssessmentLocked: the assessment is locked. Args: assessment.
	ErrAssessmentLocked = &Error{Code: "assessment.already_locked", english: "assessment {assessment} is locked already"}
	// ErrAssessmentTaken: another assessment of the scheme and period is locked. Args: assessment.
	ErrAssessmentTaken = &Error{Code: "assessment.taken", english: "assessment {assessment} of this scheme and period is locked"}
	// ErrNotIntact: a stored result is not what was computed. Args: assessment.
	ErrNotIntact = &Error{Code: "assessment.not_intact", english: "assessment {assessment} is not what was computed"}
	// ErrNotLocked: a draft cannot be appealed against. Args: assessment.
	ErrNotLocked = &Error{Code: "assessment.not_locked", english: "assessment {assessment} is a draft"}
	// ErrAppealLate: the days for appeals are over. Args: until.
	ErrAppealLate = &Error{Code: "assessment.late", english: "appeals were taken until {until}"}
	// ErrNoUnit: the unit, or the item, was not assessed. Args: unit, item.
	ErrNoUnit = &Error{Code: "assessment.no_unit", english: "{unit} {item} was not assessed"}
	// ErrCheckFailed: checks of sql/checks found rows; what was in place before stays in place. Args: checks.
	ErrCheckFailed = &Error{Code: "transform.checks_failed", english: "checks on the results failed, what was there before stays in place: {checks}"}
	// ErrBusy: another run has held the warehouse for longer than a run waits.
	ErrBusy = &Error{Code: "transform.busy", english: "another transform or weekly evaluation is at work on this warehouse"}
	// ErrNoRule: not a single rule worked. Args: n.
	ErrNoRule = &Error{Code: "warn.no_rule", english: "none of the {n} rules could be evaluated"}
	// ErrFutureWeek: the week has not begun. Args: week.
	ErrFutureWeek = &Error{Code: "warn.future_week", english: "the week {week} has not begun"}
	// ErrUnknownWarning: there is no warning of that id. Args: id.
	ErrUnknownWarning = &Error{Code: "warn.unknown", english: "there is no warning {id}"}
	// ErrWarningClosed: a warning that is closed is to be changed. Args: id.
	ErrWarningClosed = &Error{Code: "warn.already_closed", english: "the warning {id} is already closed"}
	// ErrWrongState: a step does not follow on the state of a warning. Args: id, state, step.
	ErrWrongState = &Error{Code: "warn.wrong_state", english: "the warning {id} is {state}, it cannot become {step}"}
	// ErrWarningMoved: somebody else did something about a warning since it was looked at. Args: id.
	ErrWarningMoved = &Error{Code: "warn.moved", english: "somebody else has acted on the warning {id} in the meantime"}
	// ErrUnknownEvent: there is no group event of that id. Args: id.
	ErrUnknownEvent = &Error{Code: "event.unknown", english: "there is no group event {id}"}
	// ErrUnknownEntry: the event has no such entry. Args: id, entry.
	ErrUnknownEntry = &Error{Code: "event.unknown_entry", english: "{id} has no entry {entry}"}
	// ErrUnknownData: the loaded data have no acute event of that code. Args: event.
	ErrUnknownData = &Error{Code: "event.unknown_data", english: "the loaded data have no acute event {event}"}
	// ErrEventClosed: an entry for an event that is closed. Args: id.
	ErrEventClosed = &Error{Code: "event.already_closed", english: "{id} is closed"}
	// ErrEventTaken: a warning or an event of the data belongs to an event already. Args: what, id.
	ErrEventTaken = &Error{Code: "event.taken", english: "{what} belongs to {id} already"}
	// ErrNoEventRule: a warning of another rule than R01 to R03. Args: warning.
	ErrNoEventRule = &Error{Code: "event.no_event_rule", english: "{warning} is not of the rules R01 to R03"}
	// ErrExerciseLinked: an exercise is not linked to warnings or data.
	ErrExerciseLinked = &Error{Code: "event.exercise_linked", english: "an exercise is not linked to warnings or loaded data"}
	// ErrBadCounts: more dead or severe than ill. Args: ill, severe, dead.
	ErrBadCounts = &Error{Code: "event.bad_counts", english: "{ill} ill, {severe} severe, {dead} dead: the dead and the severe are among the ill"}
	// ErrFuture: an entry is later than now. Args: at, now.
	ErrFuture = &Error{Code: "event.future", english: "{at} is later than now ({now})"}
	// ErrBeforeEvent: an entry is earlier than the event. Args: at, start.
	ErrBeforeEvent = &Error{Code: "event.before_start", english: "{at} is before the event began ({start})"}
	// ErrClockBack: the clock of this machine stands before the last entry. Args: now, last.
	ErrClockBack = &Error{Code: "event.clock_back", english: "the clock says {now}, the last entry was written at {last}"}
	// ErrPersonal: a text holds an identity number or a telephone number. Args: field.
	ErrPersonal = &Error{Code: "event.personal", english: "{field} holds an identity number or a telephone number of a person"}
	// ErrBadPerson: neither a pseudonym nor a number. Args: value.
	ErrBadPerson = &Error{Code: "event.bad_person", english: "{value} is neither a pseudonym nor a number"}
	// ErrCorrected: the entry that is to be corrected was corrected. Args: entry, by.
	ErrCorrected = &Error{Code: "event.corrected", english: "entry {entry} was corrected by entry {by}"}
	// ErrKeepsOpening: the first entry cannot be withdrawn. Args: id.
	ErrKeepsOpening = &Error{Code: "event.keeps_opening", english: "the opening of {id} cannot be withdrawn"}
)

// Error is the sentence in English.
func (e *Error) Error() string { return message.Fill(e.english, e.Args) }

// Is reports whether target is a failure of the same kind.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// Message is the entry of the catalogue and what it needs.
func (e *Error) Message() (key string, args map[string]any) { return e.Code, e.Args }

// With returns the failure with one more argument.
func (e *Error) With(name string, value any) *Error {
	args := maps.Clone(e.Args)
	if args == nil {
		args = map[string]any{}
	}
	args[name] = value
	return &Error{Code: e.Code, Args: args, english: e.english}
}
