package reporttest_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
	"assay/suite/report/reporttest"
)

// A filled report is one that Decode takes, and nothing in it is empty.
func TestFilled(t *testing.T) {
	t.Parallel()
	r := reporttest.Filled("text", 2)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := report.Decode(text); err != nil {
		t.Fatal(err)
	}
	if want := len(scenarios.Levels()) * len(report.Statuses); len(r.Results) != want {
		t.Errorf("found %d results, expected %d", len(r.Results), want)
	}
	empty(t, "report", reflect.ValueOf(*r))
}

// empty reports the fields that are empty, but those that Filled leaves so.
func empty(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch {
	case name == "report.Results.LeftOut", name == "report.Results.DidNotHold",
		strings.HasSuffix(name, ".Evidence.CaptureFile"):
	case v.Kind() == reflect.Map: // counts by status
	case v.Kind() != reflect.Struct && v.IsZero():
		t.Errorf("%s is empty", name)
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeOf(reporttest.Moment):
		for i := range v.NumField() {
			empty(t, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			empty(t, name, v.Index(i))
		}
	case v.Kind() == reflect.Pointer:
		empty(t, name, v.Elem())
	}
}
