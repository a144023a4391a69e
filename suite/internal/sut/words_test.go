package sut

import "testing"

func TestWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"plain":             {`host "a.test" refused`, `host "a.test" refused`},
		"backslashes alone": {`C:\new`, `C:\new`},
		"JSON":              {`{"msg":"host \"a.test\" refused","n":1}`, `{"msg":"host \"a.test\" refused","n":1}` + "\n" + `host "a.test" refused`},
		"pairs":             {`level=info msg="host \"a.test\" refused" err="x\ty"`, `level=info msg="host \"a.test\" refused" err="x\ty"` + "\n" + `host "a.test" refused` + "\nx\ty"},
		"beyond ASCII":      {`{"file":"schl\u00fcssel\ud83d\ude00\/"}`, `{"file":"schl\u00fcssel\ud83d\ude00\/"}` + "\nschlüssel😀/"},
		"Go's own escapes":  {`"\x41\a"`, `"\x41\a"` + "\nA\a"},
		"no end":            {`he said "a \" b`, `he said "a \" b`},
		"no escape":         {`"\q" and "\n"`, `"\q" and "\n"` + "\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (Line{Text: c.text}).Words(); got != c.want {
				t.Errorf("found    %q\nexpected %q", got, c.want)
			}
		})
	}
}
