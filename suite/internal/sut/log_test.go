package sut

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"assay/suite/internal/limits"
	"assay/suite/internal/logtext"
)

func texts(lines []Line) []string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Text)
	}
	return all
}

func TestStreamsAreCutIntoLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", limits.LogLine)
	for name, row := range map[string]struct {
		stream string
		want   []string
		cut    int // of the first line
	}{
		"nothing":                {"", nil, 0},
		"two lines":              {"a\nb\n", []string{"a", "b"}, 0},
		"no end":                 {"a\nb", []string{"a", "b"}, 0},
		"empty lines":            {"\n\na\n", []string{"", "", "a"}, 0},
		"carriage return":        {"a\r\nb\r\n", []string{"a", "b"}, 0},
		"of the greatest length": {long + "\nb\n", []string{long, "b"}, 0},
		"greatest, with return":  {long + "\r\nb\n", []string{long, "b"}, 0},
		"too long":               {long + "tail\nb\n", []string{long + " … (cut at 64 KiB)", "b"}, 4},
		"much too long, no end": {
			strings.Repeat(long, 3), []string{long + " … (cut at 64 KiB)"}, 2 * limits.LogLine,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, from := range []func() *Log{
				func() *Log {
					l := newLog(time.Now())
					l.read(Stdout, strings.NewReader(row.stream))
					return l
				},
				func() *Log {
					l := newLog(time.Now())
					l.read(Stdout, iotest.HalfReader(strings.NewReader(row.stream)))
					return l
				},
			} {
				lines := from().Lines()
				if got := texts(lines); !slices.Equal(got, row.want) {
					t.Errorf("got %d lines %.80q, want %d %.80q", len(got), got, len(row.want), row.want)
				}
				for i, line := range lines {
					if want := row.cut; line.Cut != want && i == 0 || line.Cut != 0 && i > 0 {
						t.Errorf("line %d: got %d bytes cut, want %d in the first line", i+1, line.Cut, want)
					}
				}
			}
		})
	}
}

func TestALogThatGrowsTooLargeDropsItsOldestLines(t *testing.T) {
	t.Parallel()
	l := newLog(time.Now())
	l.limit = 10 * (10 + limits.LogLineCost)
	for i := range 50 {
		l.add(Stdout, fmt.Sprintf("line %02d ..", i), 0)
	}
	got := texts(l.Lines())
	if want := "(40 earlier lines dropped)"; got[0] != want || got[len(got)-1] != "line 49 .." ||
		len(got) != 11 {
		t.Errorf("got %q, want %q and the last ten lines", got, want)
	}
	if got := l.Mark(); got != 50 {
		t.Errorf("mark %d, want 50", got)
	}
	if got := texts(l.Since(48)); !slices.Equal(got, []string{"line 48 ..", "line 49 .."}) {
		t.Errorf("since 48: %q", got)
	}
}

// Lines without text cost memory too: a server may write nothing but line breaks.
func TestEmptyLinesCount(t *testing.T) {
	t.Parallel()
	l := newLog(time.Now())
	l.read(Stdout, io.LimitReader(lineBreaks{}, 20<<20))
	if most := limits.Log/limits.LogLineCost + 1; len(l.Lines()) > most {
		t.Errorf("the log holds %d lines, expected at most %d", len(l.Lines()), most)
	}
	if got := l.Mark(); got != 20<<20 {
		t.Errorf("mark %d, expected %d: all lines count", got, 20<<20)
	}
}

// lineBreaks is a stream of line breaks that never ends.
type lineBreaks struct{}

func (lineBreaks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

func TestTailIsShort(t *testing.T) {
	t.Parallel()
	l := newLog(time.Now())
	for range tailLines {
		l.add(Stdout, strings.Repeat("ü", limits.LogLine/2), 0)
	}
	tail := l.Tail(tailLines)
	if most := tailLines * (limits.Tail + 10); len(tail) > most || !utf8.ValidString(tail) {
		t.Errorf("the tail has %d bytes, expected at most %d of valid UTF-8", len(tail), most)
	}
}

func TestSays(t *testing.T) {
	t.Parallel()
	l := newLog(time.Now())
	l.limit = 3 * (20 + limits.LogLineCost)
	l.add(Stdout, "started after 17 ms", 0)
	shape := Line{Text: "started after 3 ms"}.Shape()
	if !l.Says(shape) || l.Says(Line{Text: "stopped after 3 ms"}.Shape()) {
		t.Error("the shape of the line, and no other, expected to be among those of the log")
	}
	for range 10 {
		l.add(Stdout, "another line", 0)
	}
	if !l.Says(shape) || !l.Says(Line{Text: "another line"}.Shape()) {
		t.Error("the shapes of a line that was dropped and of a new one expected")
	}
	l.LeaveOut(&logtext.Names{Words: []string{"another"}})
	if l.Says(Line{Text: "another line"}.Shape()) || !l.Says("line") {
		t.Error("names that are left out later expected to count")
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	is := func(text string) func(Line) bool { return func(l Line) bool { return l.Text == text } }
	synctest.Test(t, func(t *testing.T) {
		l := newLog(time.Now())
		l.add(Stdout, "first", 0)
		mark := l.Mark()
		go func() {
			time.Sleep(time.Hour)
			l.add(Stderr, "second", 0)
			l.add(Stdout, "first", 0)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		if line, err := l.Wait(ctx, "first", is("first")); err != nil || line.T != 0 {
			t.Errorf("a line that is there: %+v, %v", line, err)
		}
		if line, err := l.Wait(ctx, "second", is("second")); err != nil || line.T != time.Hour ||
			line.Stream != Stderr {
			t.Errorf("a line to come: %+v, %v", line, err)
		}
		if line, err := l.WaitSince(ctx, mark, "first again", is("first")); err != nil ||
			line.T != time.Hour {
			t.Errorf("a line since the mark: %+v, %v", line, err)
		}
		_, err := l.Wait(ctx, "the third", is("third"))
		if !errors.Is(err, context.DeadlineExceeded) ||
			!strings.Contains(err.Error(), "waited for the third") ||
			!strings.Contains(err.Error(), "  second\n") {
			t.Errorf("a line that never comes: %v", err)
		}
		l.end()
		if _, err := l.Wait(t.Context(), "the third", is("third")); !errors.Is(err, ErrExited) {
			t.Errorf("a log that ended: %v, want %v", err, ErrExited)
		}
	})
}

func TestAFloodIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	p := start(t, fake(t, "flood", nil), nil)
	awaitExit(t, p)
	lines := p.Log().Lines()
	if len(lines) != 3002 || lines[3001].Text != "the end" ||
		!strings.HasSuffix(lines[3000].Text, "(cut at 64 KiB)") {
		t.Errorf("%d lines, the last %.40q, want 3002 that end in a cut one and the end", len(lines),
			lines[len(lines)-1].Text)
	}
}
