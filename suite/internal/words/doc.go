// Package words prepares text that a target or a matcher wrote for reports: one
// line out of many, characters that are safe to print, lines that fit a
// terminal. It knows nothing of reports, so that the packages that write them
// and those that show them can share it.
package words
