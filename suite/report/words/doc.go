// Package words prepares texts for people: one line out of many, characters that
// are safe to print, lines that fit a terminal, escapes for Markdown. It knows
// nothing of reports, so that the packages that write them and those that show
// them can share it.
package words
