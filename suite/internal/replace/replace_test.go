package replace

import (
	"bytes"
	"os"
	"testing"
	"time"

	"assay/suite/internal/careful"
)

var (
	allBy = []By{
		Renaming, Writing, WritingSlowly, Linking, LinkingTwice, BehindALink, HardLinking, BackingUp,
		Deleting, Permitting, SwitchingDirectory, SwitchingData, SwitchingAbove, MovingDirectory,
	}
	allStamps = []Stamps{"", Newer, Older, SameTime, Same}
)

// read returns the content, the time and the size of a file.
func read(t *testing.T, path string) ([]byte, time.Time, int64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(data), info.ModTime(), info.Size()
}

// directory opens a new directory until the test ends.
func directory(t *testing.T) *careful.Dir {
	t.Helper()
	in, err := careful.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

func TestEveryWayReplaces(t *testing.T) {
	for _, by := range allBy {
		stamps := allStamps
		if by == WritingSlowly || by == Deleting || by == Permitting {
			stamps = stamps[2:3] // each takes its time
		}
		for _, stamps := range stamps {
			for _, files := range []Files{Separate, Combined, Apart} {
				way := Way{By: by, Stamps: stamps, Files: files, Order: "key-first"}
				t.Run(string(by)+"/"+string(stamps)+"/"+string(files), func(t *testing.T) {
					t.Parallel()
					testReplace(t, way)
				})
			}
		}
	}
}

func testReplace(t *testing.T, way Way) {
	place, err := Create(directory(t), "tls", way, Pair{[]byte("cert0"), []byte("key0")})
	if err != nil {
		t.Fatal(err)
	}
	for _, generation := range []string{"1", "2"} {
		_, time0, size0 := read(t, place.CertPath())
		between := 0
		pair := Pair{[]byte("cert" + generation), []byte("key" + generation)}
		if err := place.Replace(way, pair, func() { between++ }); err != nil {
			t.Fatal(err)
		}
		wantCert, wantKey, wantBetween := string(pair.Cert), string(pair.Key), 1
		if way.Files == Combined {
			wantCert += wantKey
			wantKey = wantCert
		}
		if way.Files == Combined || way.By.together() {
			wantBetween = 0
		}
		cert, time1, size1 := read(t, place.CertPath())
		key, _, _ := read(t, place.KeyPath())
		if string(cert) != wantCert || string(key) != wantKey || between != wantBetween {
			t.Errorf("found %s, %s and %d calls between, expected %s, %s and %d",
				cert, key, between, wantCert, wantKey, wantBetween)
		}
		sameTime := way.Stamps == Same || way.Stamps == SameTime
		if got := time1.Equal(time0); sameTime && !got || way.Stamps == Older && !time1.Before(time0) {
			t.Errorf("the time was %v and is %v with stamps %q", time0, time1, way.Stamps)
		}
		if got := size0 == size1; got == (way.Stamps == SameTime) {
			t.Errorf("the size was %d and is %d with stamps %q", size0, size1, way.Stamps)
		}
	}
}

func TestAKeptKeyIsNotTouched(t *testing.T) {
	place, err := Create(directory(t), "tls", Way{}, Pair{[]byte("cert0"), []byte("key0")})
	if err != nil {
		t.Fatal(err)
	}
	_, _, before := read(t, place.KeyPath())
	if err := place.Replace(Way{Key: KeptKey, Stamps: SameTime},
		Pair{[]byte("cert1"), []byte("key0")}, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, after := read(t, place.KeyPath()); after != before {
		t.Errorf("the key's file had %d bytes and has %d", before, after)
	}
}

func TestPauseOfAnOrder(t *testing.T) {
	for order, want := range map[Order]time.Duration{
		"": 0, "cert-first": 0, "key-first": 0, "cert-1500ms-first": 1500 * time.Millisecond,
	} {
		if got := order.Pause(); got != want {
			t.Errorf("%q: a pause of %v, expected %v", order, got, want)
		}
	}
}
