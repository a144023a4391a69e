// Package reporttest makes reports for tests of what reads and shows reports.
package reporttest

import (
	"reflect"
	"strconv"
	"time"

	"assay/scenarios"
	"assay/suite/report"
)

// Filled returns a report in which every text is the given one, as a hostile target or
// the author of a hostile report.json would have it. It has a result of each level with
// each status, with cases, observations and evidence. Only what tells results apart has
// a number behind the text. n is the number of elements of every list.
func Filled(text string, n int) *report.Report {
	r := &report.Report{}
	fill(reflect.ValueOf(r).Elem(), text, n)
	r.Schema, r.Results = report.Schema, nil
	for _, level := range scenarios.Levels() {
		for _, status := range report.Statuses {
			var x report.Result
			fill(reflect.ValueOf(&x).Elem(), text, n)
			x.ID = text + strconv.Itoa(len(r.Results))
			x.Level, x.Status = level, status
			x.DidNotHold, x.LeftOut = level == scenarios.Observe, level == scenarios.May
			for i := range x.Cases {
				x.Cases[i].Case, x.Cases[i].Status = text+strconv.Itoa(i), status
				x.Cases[i].Evidence.CaptureFile = ""
			}
			x.Evidence.CaptureFile = "" // no part of what report.json holds
			r.Results = append(r.Results, x)
		}
	}
	return r
}

// Moment is every time in a report of [Filled].
var Moment = time.Date(2026, 11, 26, 3, 12, 5, 0, time.UTC)

// fill sets every text in a value, and every list to n elements.
func fill(v reflect.Value, text string, n int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(Moment))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(7.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), text, n)
		}
	case reflect.Interface: // the value of an observation
		list := make([]any, n)
		for i := range list {
			list[i] = text
		}
		v.Set(reflect.ValueOf(map[string]any{text: list, "number": 1.5, "nothing": nil}))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text, n)
		}
	}
}
