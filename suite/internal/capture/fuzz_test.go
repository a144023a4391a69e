package capture

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
)

// FuzzFile checks that packets of any bytes become a file that another reader reads, with
// the packets as they were but for what is blanked, and that no token is left in one.
func FuzzFile(f *testing.F) {
	token := strings.Repeat("tOken_-9", 3)
	authorization := token + "." + strings.Repeat("a", 43)
	for _, payload := range []string{
		"hello", "", "GET /.well-known/acme-challenge/" + token + " HTTP/1.1\r\n", authorization,
		"x" + authorization + "x",
	} {
		f.Add(segment(f, 40000, 80, payload).Data, []byte("CLIENT_RANDOM 00 11\n"), payload)
	}
	f.Add([]byte{}, []byte{}, "x")
	f.Add(bytes.Repeat([]byte{0xff}, 70), []byte("k"), "y")
	f.Fuzz(func(t *testing.T, data, keys []byte, payload string) {
		if len(payload) > 16<<10 || len(data) > 64<<10 {
			return // no packet
		}
		carried := segment(t, 443, 40000, payload)
		packets := []Packet{{At: carried.At, Data: bytes.Clone(data)}, carried}
		Blank(packets)
		if len(packets[0].Data) != len(data) {
			t.Fatalf("a packet of %d bytes has %d bytes afterwards", len(data), len(packets[0].Data))
		}
		if _, text := stream(packets[1]); len(text) != len(payload) {
			t.Fatalf("%q became %q", payload, text)
		} else if found := challenge.FindSubmatch(text); found != nil &&
			strings.Trim(string(found[1])+string(found[2]), "x") != "" {
			t.Errorf("%q became %q, which holds a token", payload, text)
		}
		file, err := File(packets, keys, 3)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range packets {
			got, info, err := r.ReadPacketData()
			if err != nil || !bytes.Equal(got, want.Data) || !info.Timestamp.Equal(want.At) {
				t.Errorf("found a packet of %d bytes at %s (%v), expected %d bytes",
					len(got), info.Timestamp, err, len(want.Data))
			}
		}
		if _, _, err := r.ReadPacketData(); !errors.Is(err, io.EOF) {
			t.Errorf("found more than the packets: %v", err)
		}
	})
}

// FuzzHolds checks that a secret is seen in what a side of a connection sent, however
// packets cut it, and that what is not there is not seen.
func FuzzHolds(f *testing.F) {
	const secret = "0123456789abcdefghijklmnopqrstuv" // valid base64
	f.Add("before", "after", 3)
	f.Add("", "", 0)
	f.Add(secret[:20], secret[20:], 31)
	f.Fuzz(func(t *testing.T, before, after string, at int) {
		if len(before)+len(after) > 16<<10 || strings.Contains(before+after, secret[:8]) {
			return
		}
		holds := func(text string) bool { return strings.Contains(text, secret) }
		at = (at&0x7fffffff)%len(secret) + len(before)
		for _, written := range []string{secret, string(bytesOf([]string{secret})[0])} {
			text := before + written + after
			cut := min(at, len(text))
			packets := []Packet{segment(t, 1, 2, text[:cut]), segment(t, 2, 1, "between"), segment(t, 1,
				2, text[cut:])}
			if !Holds(packets, []string{secret}, holds) {
				t.Errorf("%q, cut at %d, was not seen", text, cut)
			}
		}
		if packets := []Packet{segment(t, 1, 2, before), segment(t, 1, 2, after)}; Holds(packets,
			[]string{secret}, holds) &&
			!strings.Contains(before+after, string(bytesOf([]string{secret})[0])) {
			t.Errorf("a secret was seen in %q and %q", before, after)
		}
	})
}

// FuzzKeys checks that the keys that are kept are the last ones, in whole lines.
func FuzzKeys(f *testing.F) {
	f.Add("CLIENT_RANDOM 00 11", 3)
	f.Add(strings.Repeat("x", 100_000), 4)
	f.Add("", 5)
	f.Fuzz(func(t *testing.T, line string, n int) {
		if strings.Contains(line, "\n") || len(line) > 4<<10 {
			return
		}
		line += "\n"
		var keys Keys
		n = 1 + n&0x7f
		for range n {
			if written, err := keys.Write([]byte(line)); written != len(line) || err != nil {
				t.Fatal(written, err)
			}
		}
		text := keys.Text()
		if len(text) > mostKeys || len(text)%len(line) != 0 || len(text) == 0 &&
			len(line) <= mostKeys ||
			len(text) < min(n*len(line), mostKeys-len(line)) {
			t.Errorf("%d lines of %d bytes: %d bytes are kept", n, len(line), len(text))
		}
	})
}
