package logline

import (
	"log"
	"sync"
	"time"
)

// Limit returns a logger that passes on at most burst messages at once, and one
// more for each period after that. A message that follows others that were left
// out is preceded by a line that says how many those were.
func Limit(to *log.Logger, burst int, period time.Duration) *log.Logger {
	l := &limit{to: to, burst: burst, period: period, left: burst}
	return log.New(each(l.print), "", 0)
}

// limit counts how many messages may still pass.
type limit struct {
	to     *log.Logger
	burst  int
	period time.Duration

	mu      sync.Mutex
	left    int       // messages that may pass now
	since   time.Time // the moment up to which periods were added to left
	skipped int       // messages left out since the last one that passed
}

func (l *limit) print(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.left == l.burst {
		l.since = now
	} else if periods := int(now.Sub(l.since) / l.period); periods > 0 {
		l.left = min(l.burst, l.left+periods)
		l.since = l.since.Add(time.Duration(periods) * l.period)
	}
	if l.left == 0 {
		l.skipped++
		return
	}
	l.left--
	if l.skipped > 0 {
		l.to.Printf("%d similar lines were left out of the log", l.skipped)
		l.skipped = 0
	}
	l.to.Print(message)
}
