package page

import (
	"reflect"
	"time"

	"assay/suite/report/words"
)

// Clean returns a deep copy of a value in which every text is printable, and none
// is much longer than limit bytes. It looks at all fields, so that a field that is
// added later cannot be forgotten.
func Clean[T any](v T, limit int) T {
	return cleaner(limit).clean(reflect.ValueOf(v)).Interface().(T)
}

// A cleaner holds the length of the longest text.
type cleaner int

func (c cleaner) clean(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(words.Printable(cut(v.String(), int(c))))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(c.clean(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(c.clean(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		}
		for i := range v.Len() {
			out.Index(i).Set(c.clean(v.Index(i)))
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		}
		for key, value := range v.Seq2() {
			out.SetMapIndex(c.clean(key), c.clean(value))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return v // its fields are private, and none is a text
		}
		for i := range v.NumField() {
			out.Field(i).Set(c.clean(v.Field(i)))
		}
	default:
		return v
	}
	return out
}
