package scenarios

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type exampleRow struct {
	SNI  string
	ALPN []string
	Keys map[string]any
	Port int
	At   struct{ Dir string }
}

func TestRowsAreDecodedStrictly(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fields string
		want   exampleRow
		wrong  []string
	}{
		"fields": {
			", sni: a.test, alpn: [h2], port: 443, keys: {tls_cert_path: x}, at: {dir: d}",
			exampleRow{
				SNI: "a.test", ALPN: []string{"h2"}, Port: 443,
				Keys: map[string]any{"tls_cert_path": "x"}, At: struct{ Dir string }{"d"},
			},
			nil,
		},
		"none": {"", exampleRow{}, nil},
		"unknown field": {
			", snl: a.test",
			exampleRow{},
			[]string{"byo.yaml:8: BYO-01/a: snl: found an unknown key, " +
				"expected one of sni, alpn, keys, port, at; did you mean sni?"},
		},
		"wrong type": {
			", port: https",
			exampleRow{},
			[]string{"byo.yaml:8: BYO-01/a: port: found \"https\", expected a whole number"},
		},
		"wrong type below": {
			", at: {dir: [x]}",
			exampleRow{},
			[]string{"byo.yaml:8: BYO-01/a: at.dir: found a list, expected text"},
		},
		"wrong type inside": {
			", alpn: [{h: 2}]",
			exampleRow{},
			[]string{"byo.yaml:8: BYO-01/a: alpn[0]: found a mapping, expected text"},
		},
		"two at once": {", port: x, colour: red", exampleRow{}, []string{
			"byo.yaml:8: BYO-01/a: colour: found an unknown key, expected one of sni, alpn, keys, port, at",
			"byo.yaml:8: BYO-01/a: port: found \"x\", expected a whole number"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := load1(entry + "  cases:\n    - {case: a" + row.fields + "}\n")
			if err != nil {
				t.Fatal(err)
			}
			var got exampleRow
			err = c.Chapters[0].Requirements[0].Cases[0].Decode(&got)
			if diff := cmp.Diff(row.wrong, messages(err)); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.want, got); row.wrong == nil && diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheZeroCaseIsAnEmptyRow(t *testing.T) {
	t.Parallel()
	if err := (Case{}).Decode(&struct{}{}); err != nil {
		t.Error(err)
	}
}

func TestRowsMayBeShared(t *testing.T) {
	t.Parallel()
	c, err := load1(entry + "  cases: &rows [{case: a, sni: a.test}]\n" +
		"- {id: BYO-02, title: a, level: MAY, source: a, text: a, why: a, cases: *rows}\n")
	if err != nil {
		t.Fatal(err)
	}
	var row struct{ Name string }
	err = c.Chapters[0].Requirements[1].Cases[0].Decode(&row)
	want := []string{"byo.yaml:7: BYO-02/a: sni: found an unknown key, expected one of name"}
	if diff := cmp.Diff(want, messages(err)); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

func TestCaseInJSON(t *testing.T) {
	t.Parallel()
	c, err := load1(entry + "  cases: [{case: a, sni: a.test, ports: [80, 443]}]\n")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(c.Chapters[0].Requirements[0].Cases[0])
	if want := `{"case":"a","ports":[80,443],"sni":"a.test"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
