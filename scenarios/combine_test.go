package scenarios

import (
	"strings"
	"testing"
)

func combined(t *testing.T, combine string) ([]Case, error) {
	t.Helper()
	entry := "- {id: BYO-01, title: a, level: MUST, source: a, text: a, why: a}\n"
	text := strings.Replace(entry, "}", ", "+combine+"}", 1)
	c, err := loadFiles(map[string]string{"byo.yaml": text})
	if err != nil {
		return nil, err
	}
	return c.Requirements()[0].Cases, nil
}

func TestCombinedRows(t *testing.T) {
	rows, err := combined(t,
		"combine: {by: [renaming, writing], pause: [0s, 1500ms]}, except: [{by: [writing], pause: [0s]}]")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range rows {
		var fields struct{ By, Pause string }
		if err := row.Decode(&fields); err != nil {
			t.Error(err)
		}
		if row.Name != fields.By+"-"+fields.Pause {
			t.Errorf("the row %s has the fields %v", row.Name, fields)
		}
		names = append(names, row.Name)
	}
	if got, want := strings.Join(names,
		" "), "renaming-0s renaming-1500ms writing-1500ms"; got != want {
		t.Errorf("rows %s, expected %s", got, want)
	}
}

func TestGroupedRows(t *testing.T) {
	cases, err := combined(t,
		"combine: {by: [renaming, writing], order: [a, b], pause: [0s, 1s]}, group: [by]")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range cases {
		var row struct {
			By    string
			Steps []struct{ Order, Pause string }
		}
		if err := c.Decode(&row); err != nil || c.Name != row.By {
			t.Errorf("the case %s has the field by: %s (%v)", c.Name, row.By, err)
		}
		for _, step := range row.Steps {
			got = append(got, row.By+" "+step.Order+" "+step.Pause)
		}
	}
	want := "renaming a 0s, renaming b 1s, writing a 1s, writing b 0s"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("rows %s, expected %s", text, want)
	}
}

func TestWhatCannotBeACombination(t *testing.T) {
	for combine, want := range map[string]string{
		"combine: {by: renaming}":                    "a mapping of fields to lists",
		"combine: {by: [Renaming]}":                  "a mapping of fields to lists",
		"combine: {by: [a, b]}, except: [{of: [a]}]": "the field of, which combine lacks",
		"combine: {by: [a, b]}, except: [{by: [c]}]": "the value c of by, which combine lacks",
		"combine: {by: [a]}, except: [{by: [a]}]":    "no combination is allowed",
		"combine: {by: [a]}, cases: [{case: a}]":     "a second time",
		"combine: {by: [a, b]}, group: [of]":         "the field of, which combine lacks",
		"except: [{by: [a]}]":                        "this key without combine",
	} {
		if _, err := combined(t, combine); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, expected one with %q", combine, err, want)
		}
	}
}
