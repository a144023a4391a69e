package confine

import "testing"

func TestWithin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		dir, path string
		want      bool
	}{
		{"/tmp", "/tmp", true},
		{"/tmp", "/tmp/a/b", true},
		{"/tmp", "/tmpfile", false},
		{"/tmp", "/", false},
		{"/var/tmp", "/var/tmp2", false},
		{"/mnt", "/mnt/..a", true},
	} {
		if got := Within(test.dir, []string{test.path}); got != test.want {
			t.Errorf("%s contains %s: %v, expected %v", test.dir, test.path, got, test.want)
		}
	}
}
