package report

// EventKind says what happened in a run.
type EventKind string

// The kinds of events.
const (
	EventBegan     EventKind = "began"     // the options are checked; nothing was started yet
	EventProbe     EventKind = "probe"     // the target is started once, before anything is judged
	EventCase      EventKind = "case"      // cases began or ended
	EventChapter   EventKind = "chapter"   // the last case of a chapter ended
	EventFailure   EventKind = "failure"   // a requirement failed the run
	EventIssuance  EventKind = "issuance"  // the target got no certificate when the run tried that
	EventAgain     EventKind = "again"     // cases are tried again, which a starved machine decided
	EventFinishing EventKind = "finishing" // every case has ended, and the report is written
	EventEnding    EventKind = "ending"    // a signal or the context ends the run
	EventAborting  EventKind = "aborting"  // another signal ends the run at once
)

// An Event tells what happened in a run, and how far the run has come. Its texts may
// hold what the target wrote, with secrets redacted and control characters escaped.
type Event struct {
	Kind EventKind `json:"kind"`

	// Of EventBegan: the name of the target, its executable, and the number of workers,
	// with the reason why there are so many.
	Target        string `json:"target,omitempty"`
	Executable    string `json:"executable,omitempty"`
	Workers       int    `json:"workers,omitempty"`
	WorkersReason string `json:"workers_reason,omitempty"`

	// Total counts the requirements that are claimed and selected, Done those of
	// which every case has ended, and Failed those that fail the run so far.
	Total  int `json:"total"`
	Done   int `json:"done"`
	Failed int `json:"failed"`
	// Running names the cases that run now, as "ID" or "ID/case". The case that
	// began first comes first.
	Running []string `json:"running,omitempty"`

	// Chapter is the chapter of an EventChapter.
	Chapter *ChapterEvent `json:"chapter,omitempty"`
	// Failure is the result of an EventFailure, or in the form of one what came of an
	// EventIssuance, which is no requirement's. It has no observations, and its
	// evidence is cut to what explains the failure. The report has all of it.
	Failure *Result `json:"failure,omitempty"`
	// Again counts the cases of an EventAgain.
	Again int `json:"again,omitempty"`
}

// ChapterEvent counts the requirements of a chapter that are claimed and selected.
type ChapterEvent struct {
	Name   string `json:"name"`
	Done   int    `json:"done"`
	Failed int    `json:"failed"` // those that fail the run
}
