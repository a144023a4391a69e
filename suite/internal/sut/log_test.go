package sut

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
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
	long := strings.Repeat("x", lineLimit)
	for name, row := range map[string]struct {
		stream string
		want   []string
	}{
		"nothing":                {"", nil},
		"two lines":              {"a\nb\n", []string{"a", "b"}},
		"no end":                 {"a\nb", []string{"a", "b"}},
		"empty lines":            {"\n\na\n", []string{"", "", "a"}},
		"carriage return":        {"a\r\nb\r\n", []string{"a", "b"}},
		"of the greatest length": {long + "\nb\n", []string{long, "b"}},
		"too long":               {long + "tail\nb\n", []string{long + " … (cut at 64 KiB)", "b"}},
		"much too long, no end":  {strings.Repeat(long, 3), []string{long + " … (cut at 64 KiB)"}},
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
				if got := texts(from().Lines()); !slices.Equal(got, row.want) {
					t.Errorf("got %d lines %.80q, want %d %.80q", len(got), got, len(row.want), row.want)
				}
			}
		})
	}
}

func TestALogThatGrowsTooLargeDropsItsOldestLines(t *testing.T) {
	t.Parallel()
	l := newLog(time.Now())
	l.limit = 100
	for i := range 50 {
		l.add(Stdout, fmt.Sprintf("line %02d ..", i))
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

func TestWait(t *testing.T) {
	t.Parallel()
	is := func(text string) func(Line) bool { return func(l Line) bool { return l.Text == text } }
	synctest.Test(t, func(t *testing.T) {
		l := newLog(time.Now())
		l.add(Stdout, "first")
		mark := l.Mark()
		go func() {
			time.Sleep(time.Hour)
			l.add(Stderr, "second")
			l.add(Stdout, "first")
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
