// Package badge draws a small picture that says how a run ended, as SVG for a
// README. The picture loads nothing, has a title for screen readers, and is drawn
// from texts that may come from the server under test.
package badge
