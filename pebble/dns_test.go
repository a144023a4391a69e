package pebble

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"assay/pebble/limits"
)

func TestDNS(t *testing.T) {
	t.Parallel()
	d, address := newDNS(t)
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	d.Point("Both.Example.test.", v4, v6)
	d.Point("four.example.test", v4, netip.Addr{})
	d.Point("gone.example.test", v4)
	d.Point("gone.example.test")

	for _, c := range []struct {
		name  string
		kind  uint16
		rcode int
		want  []string
	}{
		{"both.example.test.", dns.TypeA, dns.RcodeSuccess, []string{"192.0.2.1"}},
		{"both.example.test.", dns.TypeAAAA, dns.RcodeSuccess, []string{"2001:db8::1"}},
		{"bOTH.eXAMPLE.test.", dns.TypeA, dns.RcodeSuccess, []string{"192.0.2.1"}},
		{"both.example.test.", dns.TypeCAA, dns.RcodeSuccess, nil},
		{"both.example.test.", dns.TypeTXT, dns.RcodeSuccess, nil},
		{"four.example.test.", dns.TypeAAAA, dns.RcodeSuccess, nil},
		{"gone.example.test.", dns.TypeA, dns.RcodeNameError, nil},
		{"never.example.test.", dns.TypeA, dns.RcodeNameError, nil},
	} {
		for _, network := range []string{"udp", "tcp"} {
			reply := exchangeDNS(t, network, address, c.name, c.kind)
			var got []string
			for _, rr := range reply.Answer {
				got = append(got, rr.String()[strings.LastIndex(rr.String(), "\t")+1:])
			}
			if reply.Rcode != c.rcode || !slices.Equal(got, c.want) || !reply.Authoritative {
				t.Errorf("%s %s over %s: %s %v, expected %s %v", c.name, dns.TypeToString[c.kind], network,
					dns.RcodeToString[reply.Rcode], got, dns.RcodeToString[c.rcode], c.want)
			}
		}
	}
	d.SetTexts("_acme-challenge.example.test", "one", "two")
	if reply := exchangeDNS(t, "udp", address, "_ACME-challenge.example.test.", dns.TypeTXT); len(
		reply.Answer) != 2 || reply.Rcode != dns.RcodeSuccess {
		t.Errorf("found %v, expected two TXT records", reply)
	}
	d.SetTexts("_acme-challenge.example.test")
	reply := exchangeDNS(t, "udp", address, "_acme-challenge.example.test.", dns.TypeTXT)
	if reply.Rcode != dns.RcodeNameError {
		t.Errorf("found %v, expected NXDOMAIN for a name whose texts were taken away", reply)
	}
	d.Point("*", v4)
	if reply := exchangeDNS(t, "udp", address, "never.example.test.", dns.TypeA); len(
		reply.Answer,
	) != 1 {
		t.Errorf("a name without a record: %v, expected that of *", reply)
	}
	reply = exchangeDNS(t, "udp", address, "gone.example.test.", dns.TypeA)
	if reply.Rcode != dns.RcodeNameError {
		t.Errorf("a name that was taken away: %v, expected NXDOMAIN in spite of *", reply)
	}
}

// TestNameServersAreApart gives one name another address at each of two servers of a
// process, as the servers of two specs do.
func TestNameServersAreApart(t *testing.T) {
	t.Parallel()
	for i, server := range []string{"192.0.2.1", "192.0.2.2"} {
		d, address := newDNS(t)
		reply := exchangeDNS(t, "udp", address, "www.example.test.", dns.TypeA)
		if len(reply.Answer) > 0 {
			t.Errorf("server %d: %v, expected none of another server's records", i, reply.Answer)
		}
		d.Point("www.example.test", netip.MustParseAddr(server))
		reply = exchangeDNS(t, "udp", address, "www.example.test.", dns.TypeA)
		if len(reply.Answer) != 1 || !strings.HasSuffix(reply.Answer[0].String(), server) {
			t.Errorf("server %d: %v, expected %s", i, reply.Answer, server)
		}
	}
}

func TestDNSChangesWhileServing(t *testing.T) {
	t.Parallel()
	d, address := newDNS(t)
	var asked sync.Map
	d.Observe(func(name, question, answer string) { asked.Store(name+" "+question+" "+answer, true) })
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := fmt.Sprintf("n%d.example.test.", i)
			d.Point(name, netip.MustParseAddr("192.0.2.1"))
			if reply := exchangeDNS(t, "udp", address, name, dns.TypeA); len(reply.Answer) != 1 {
				t.Errorf("%s: %v", name, reply)
			}
		})
	}
	all.Wait()
	if _, ok := asked.Load("n3.example.test A NOERROR"); !ok {
		t.Error("the observer was not called for a question")
	}
}

func newDNS(t *testing.T) (d *DNS, address string) {
	t.Helper()
	options, err := Addresses{Address: "127.0.0.1"}.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d = NewDNS(options.DNSListeners, options.DNSPackets)
	options.DNSListeners, options.DNSPackets = nil, nil
	options.closeListeners()
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, options.Resolver
}

func exchangeDNS(t *testing.T, network, address, name string, kind uint16) *dns.Msg {
	t.Helper()
	question := new(dns.Msg).SetQuestion(name, kind)
	client := dns.Client{Net: network}
	reply, _, err := client.ExchangeContext(t.Context(), question, address)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// TestDNSBoundsQuestions asks without end for a while, and no more is read than the limits
// allow. Whoever asks then gets an answer.
func TestDNSBoundsQuestions(t *testing.T) {
	t.Parallel()
	d, address := newDNS(t)
	d.Point("a.test", netip.MustParseAddr("192.0.2.1"))
	question, err := new(dns.Msg).SetQuestion("a.test.", dns.TypeA).Pack()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began, sent := time.Now(), 0
	for ; time.Since(began) < time.Second; sent++ {
		if _, err := conn.Write(question); err != nil {
			t.Fatal(err)
		}
	}
	read := int(d.read.Load())
	most := limits.QuestionsAtOnce + int((time.Since(began).Seconds()+1)*limits.QuestionRate)
	if read > most {
		t.Errorf("%d of %d questions were read in %v, expected %d at most",
			read, sent, time.Since(began), most)
	}
	if reply := exchangeDNS(t, "tcp", address, "a.test.", dns.TypeA); len(reply.Answer) != 1 {
		t.Errorf("found %v after a flood of questions, expected an answer", reply)
	}
}
