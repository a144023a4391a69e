package world

import (
	"net/netip"
	"slices"
	"testing"
)

func TestBothSocketTablesAgree(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		var want []netip.AddrPort
		for _, address := range hosts(w, 443) {
			answer(t, w, address, "")
			want = append(want, address)
		}
		err := w.Do(func() error {
			table, err := openSocketTable()
			if err != nil {
				return err
			}
			defer table.close()
			for name, list := range map[string]func() ([]netip.AddrPort, error){
				"sock_diag": table.listeners, "/proc": listenersFromProc,
			} {
				got, err := list()
				if err != nil {
					return err
				}
				for _, address := range want {
					if !slices.Contains(got, address) {
						t.Errorf("%s has %v: expected %v in it", name, got, address)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestParseSocketAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"00000000:0050":                         "0.0.0.0:80",
		"00000000000000000000000000000000:01BB": "[::]:443",
		"7F00":                                  "",
		"0100007F":                              "",
		"0100007F:12345":                        "",
	} {
		got, err := parseSocketAddress(text)
		if want == "" && err == nil || want != "" && got.String() != want {
			t.Errorf("%s is %v, error %v: expected %q", text, got, err, want)
		}
	}
}
