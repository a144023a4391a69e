package events

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/suite/report"
	"assay/suite/report/reporttest"
)

// FuzzBounded checks that an event about a hostile target fits a line of the stream, is
// read as it was sent, and can be printed.
func FuzzBounded(f *testing.F) {
	for i, text := range reporttest.Texts {
		f.Add(text, uint16(i))
	}
	f.Add(strings.Repeat("\x00", 9000), uint16(300))
	f.Fuzz(func(t *testing.T, text string, n uint16) {
		if len(text)*int(n) > 4<<20 {
			return
		}
		x := reporttest.Filled(text, 1).Results[0]
		for range n & 0x1ff {
			x.Cases = append(x.Cases, x.Cases[0])
			x.Evidence.Log = append(x.Evidence.Log, text)
			x.Evidence.ACME = append(x.Evidence.ACME, x.Evidence.ACME[0])
		}
		want := bounded(report.Event{
			Kind: report.EventFailure, Target: text, Executable: text, Running: x.Evidence.Log,
			Failure: &x,
		})
		line, err := encode(want)
		if err != nil {
			t.Fatal(err)
		}
		if len(line) >= maxLine {
			t.Errorf("%d times %d bytes: the event has %d bytes, expected less than %d",
				n, len(text), len(line), maxLine)
		}
		var got []report.Event
		stream := slices.Concat([]byte(strings.ReplaceAll(text, "\n", "")), []byte("\n"), line)
		Read(bytes.NewReader(stream), func(e report.Event) { got = append(got, e) })
		if len(got) == 0 {
			t.Fatalf("%q: the event is not read", text)
		}
		again, err := encode(got[len(got)-1])
		if err != nil || !bytes.Equal(again, line) {
			t.Errorf("%q: sent\n%s\nread\n%s (%v)", text, line, again, err)
		}
		if found := reporttest.Misleading(string(line)); found != "" {
			t.Errorf("%q: found %s in %q", text, found, line)
		}
	})
}

// FuzzRead checks that whatever stands in the stream, the events before and after it are
// read.
func FuzzRead(f *testing.F) {
	f.Add([]byte("no event"))
	f.Add([]byte(`{"kind":"case","done":3}` + "\n" + `{"kind":""}`))
	f.Add([]byte("\n\n[]"))
	f.Add(bytes.Repeat([]byte("x"), 70_000))
	f.Fuzz(func(t *testing.T, between []byte) {
		const event = `{"kind":"began","target":"x"}` + "\n"
		stream := event + string(between) + "\n" + event
		var got []report.Event
		Read(strings.NewReader(stream), func(e report.Event) { got = append(got, e) })
		want := report.Event{Kind: report.EventBegan, Target: "x"}
		if len(got) < 2 || !cmp.Equal(got[0], want) || !cmp.Equal(got[len(got)-1], want) {
			t.Errorf("%q: found the events %+v", between, got)
		}
		for _, e := range got {
			if e.Kind == "" {
				t.Errorf("%q: found an event without a kind", between)
			}
		}
	})
}
