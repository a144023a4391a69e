// Package progress shows a run while it runs. [Line] and the functions beside it make
// text from events, and a [Display] writes it: on a terminal one line that it draws
// again in place, elsewhere a line from time to time. Both show each failure in full
// when it happens.
package progress
