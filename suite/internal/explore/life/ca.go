package life

import (
	"cmp"
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"assay/pebble"
	"assay/suite/internal/harness"
	"assay/suite/internal/storage"
	"assay/suite/internal/world"
)

// lifetime is that of the certificates that the CA issues, unless it is another one's.
const lifetime = 90 * day

// acme holds what became of the certificates from the CA.
type acme struct {
	// troubles holds what goes wrong around the server now, and what ends it.
	troubles map[string]func()
	// calm says that nothing has gone wrong around the server since it was started.
	calm bool
	// good is the last certificate that the server served and that clients accept; nil if
	// the server may have lost it.
	good *x509.Certificate
	// inMemory says that the process that runs has served good.
	inMemory bool
	// doubt says that what the server stored may be gone. unstored says that it may not have
	// stored what it got, and has to do so when it can (RES-80).
	doubt, unstored bool
	// damaged is how many entries the CA's journal had when files of the cache were damaged.
	damaged int
	// mended is how many entries the journal had when the cache could be written again.
	mended int
	// excuses counts what explains a further certificate of each type of key.
	excuses int
	// vain says that the CA has issued what nobody can use, once for each attempt.
	vain bool
	// forgotten says that the CA has forgotten the account of the process that runs. It has
	// to register again at the next start (RENEW-14).
	forgotten bool
	// cache is the directory of the cache, below that of the server.
	cache string
	// challenges is the address at which HTTP-01 is answered.
	challenges string
	// caURL is the URL of the directory. caDown says that nothing can be reached there.
	caURL  string
	caDown bool
	// wrongCA says that the CA has some fault.
	wrongCA bool
	// startedAt is how many entries the CA's journal had when the process was started.
	startedAt int
	lifetime  time.Duration    // of certificates
	hold      *harness.Hold    // nil if the walk holds no validation
	disk      *harness.Storage // nil if the walk fills no disk
	mode      *harness.Storage
}

// trouble begins a kind of trouble.
func (l *life) trouble(name string, mend func()) {
	l.calm = false
	l.excuses += 2
	l.troubles[name] = mend
}

// over ends a kind of trouble.
func (l *life) over(name string) {
	if mend := l.troubles[name]; mend != nil {
		if name == "ca" || name == "ca-dns" {
			l.caDown = false
		}
		mend()
		if name == "cache" {
			l.mended = l.e.Journal().Len()
		}
		delete(l.troubles, name)
		return
	}
	l.seen("it is well")
}

// noteStart notes that a process begins: what the one before had in memory alone is gone.
func (l *life) noteStart() {
	l.inMemory = false
	l.calm, l.forgotten = len(l.troubles) == 0, false
	if l.walk.Mode != ModeOwn {
		l.startedAt = l.e.Journal().Len()
		l.words.unheard = telling{since: l.caDown}
	}
	if l.doubt {
		if l.good != nil {
			l.excuses += 2
		}
		l.good, l.doubt, l.unstored = nil, l.troubles["cache"] != nil, false
	}
}

// noteGood notes a certificate that clients accept.
func (l *life) noteGood(leaf *x509.Certificate) {
	l.inMemory = true
	if leafEqual(l.good, leaf) {
		return
	}
	l.good = leaf
	l.unstored = l.troubles["cache"] != nil || l.mended > 0 && !l.issuedSince(leaf, l.mended)
	l.doubt = l.unstored || !l.issuedSince(leaf, l.damaged)
	l.keepSecrets()
}

// issuedSince reports whether the CA has issued a certificate after so many entries of its
// journal.
func (l *life) issuedSince(leaf *x509.Certificate, entries int) bool {
	serial := leaf.SerialNumber.Text(16)
	return slices.ContainsFunc(l.e.Journal().Since(entries), func(e pebble.Entry) bool {
		return e.Kind == pebble.KindIssued && e.Serial == serial
	})
}

// A caFault is a way in which the CA fails until it is well again.
type caFault struct {
	name   string
	inject func(e *harness.Env)
}

func injecting(faults ...pebble.Fault) func(*harness.Env) {
	return func(e *harness.Env) { e.Inject(faults...) }
}

var caFaults = []caFault{
	{"down", func(e *harness.Env) { e.CA().Down() }},
	{"errors", injecting(pebble.Status(pebble.KindAny, http.StatusInternalServerError).
		Persistently())},
	{"no-orders", injecting(pebble.Status(pebble.KindNewOrder, http.StatusServiceUnavailable).
		Persistently())},
	{"limited", injecting(pebble.RateLimited(pebble.KindNewOrder, time.Hour).Persistently())},
	{"html", injecting(pebble.HTML(pebble.KindAny).Persistently())},
	{"garbage", injecting(pebble.Garbage(pebble.KindAny).Persistently())},
	{"drops", injecting(pebble.Drop(pebble.KindAny).Persistently())},
	{"bad-nonces", injecting(pebble.BadNonce(pebble.KindAny).Persistently())},
	{"orders-invalid", injecting(pebble.InvalidOrder(pebble.KindNewOrder).Persistently())},
	{"no-certificate", injecting(pebble.Status(pebble.KindCertificate,
		http.StatusInternalServerError).Persistently())},
	{"wrong-key", injecting(pebble.WrongKey().Persistently())},
	{"wrong-name", injecting(pebble.WrongName("other.example.test").Persistently())},
	{"foreign-issuer", injecting(pebble.ForeignIssuer().Persistently())},
	{"refuses", injecting(pebble.Fail(pebble.KindNewOrder, caRefusal).Persistently())},
	{"slow", injecting(pebble.Slow(pebble.KindAny, 300*time.Millisecond).Persistently())},
	{"redirects", injecting(pebble.Redirect(pebble.KindDirectory).Persistently())},
}

// caOnce holds what goes wrong once, and what a client of the CA gets over by itself.
var caOnce = []caFault{
	{"bad-nonce-once", injecting(pebble.BadNonce(pebble.KindNewOrder))},
	{"error-once", injecting(pebble.Status(pebble.KindNewOrder, http.StatusServiceUnavailable))},
	{"limited-once", injecting(pebble.RateLimited(pebble.KindNewOrder, 10*time.Second))},
}

const (
	caWell    = "well"
	caForgets = "forgets"
)

func caNames() []string {
	names := []string{caWell, caForgets}
	for _, f := range slices.Concat(caFaults, caOnce) {
		names = append(names, f.name)
	}
	return names
}

func (l *life) caStep(s Step) {
	l.e.NeedsEdge()
	switch s.How {
	case caWell:
		l.wrongCA = false
		l.over("ca")
		return
	case caForgets:
		l.e.Must(l.e.CA().Forget())
		l.calm = false
		l.excuses += 2
		l.forgotten = l.up
		return
	}
	for _, f := range caOnce {
		if f.name == s.How {
			l.calm = false // a client may give up until the next one comes
			l.words.refused = telling{}
			f.inject(l.e)
			return
		}
	}
	i := slices.IndexFunc(caFaults, func(f caFault) bool { return f.name == s.How })
	caFaults[i].inject(l.e)
	l.words.refused = telling{}
	if s.How == "refuses" && !l.wrongCA {
		l.words.refused = l.tell()
	}
	l.wrongCA = true
	l.caDown = s.How == "down"
	switch s.How {
	case "no-certificate", "wrong-key", "wrong-name", "foreign-issuer":
		l.vain = true
	}
	l.trouble("ca", l.e.CA().Restore)
}

// dns takes the addresses of names away, or gives them back.
func (l *life) dns(s Step) {
	sites := l.e.World.Services()
	switch s.How {
	case "away":
		l.e.CA().Point(l.e.Hostname)
		l.trouble("dns", func() { l.e.CA().Point(l.e.Hostname, sites.Gateway[0]) })
	case "ca-away":
		if l.e.Resolver == nil {
			l.seen("the name server is that of this machine")
			return
		}
		names := append([]string{host(sites.Authority)}, l.target.CAHosts...)
		if l.caURL == defaultDirectory {
			names = append(names, defaultCA)
		}
		for _, name := range names {
			l.e.Resolver.Point(name)
		}
		l.trouble("ca-dns", func() {
			for _, name := range names {
				at := sites.ACME.Addr()
				if name == defaultCA && l.caURL == defaultDirectory {
					at = publicAddress
				}
				l.e.Resolver.Point(name, at)
			}
		})
	case "back":
		l.over("dns")
		if l.troubles["ca-dns"] != nil {
			l.over("ca-dns")
		}
	}
}

func host(authority string) string {
	for i := range authority {
		if authority[i] == ':' {
			return authority[:i]
		}
	}
	return authority
}

// forward takes the forward of port 80 away, or gives it back.
func (l *life) forward(s Step) {
	if s.How == "up" {
		l.over("forward")
		return
	}
	if l.challenges != l.e.Addr(5080) || l.server == nil || l.troubles["forward"] != nil {
		l.seen("nothing forwards it")
		return
	}
	l.e.Must(l.e.World.Unforward(80))
	l.trouble("forward", func() { l.e.Must(l.e.World.Forward(80, 5080)) })
}

// Forms of trouble with the cache.
const (
	cacheUnwritable = "unwritable"
	cacheFull       = "full"
	cacheWell       = "well"
	cacheEmptied    = "emptied"
)

func cacheNames() []string {
	return []string{
		cacheWell, cacheUnwritable, cacheFull, cacheEmptied, "truncated", "garbage", "empty",
	}
}

// cacheDir is the directory of the cache, as the settings of the modes have it.
const cacheDir = "cache"

// prepareCA starts the CA of the walk, and makes its cache directory ready.
func (l *life) prepareCA() {
	l.cache, l.challenges = cacheOf(l.walk), l.e.Addr(5080)
	l.lifetime = cmp.Or(time.Duration(presetOf(l.walk).Lifetime), lifetime)
	l.e.UseCA(func(o *pebble.Options) { o.Validity = l.lifetime })
	l.unusual("ca")
	if l.form("ca") == perspectives && l.e.World.Kind() == world.Namespace {
		l.e.UsePerspectives(harness.Perspectives{Remote: 3})
	}
	l.holdValidations()
	l.e.CA()
	l.prepareCache()
}

// prepareCache makes the cache directory ready for the trouble that is to come.
func (l *life) prepareCache() {
	has := func(how string) bool {
		return slices.Contains(l.walk.Steps, Step{Do: "cache", How: how})
	}
	if has(cacheFull) {
		l.disk = l.e.Storage(l.cache, storage.Full)
	}
	if has(cacheUnwritable) {
		l.mode = l.e.Storage(l.cache, storage.Mode)
	}
}

func (l *life) cacheStep(s Step) {
	l.keepSecrets()
	if s.How != cacheEmptied && !l.e.Claims("autocert") {
		l.seen("nothing is promised for it") // RES-22 to RES-25 are about servers with autocert
		return
	}
	switch s.How {
	case cacheWell:
		l.over("cache")
		return
	case cacheUnwritable, cacheFull:
		if l.troubles["cache"] != nil {
			l.seen("it has its trouble already")
			return
		}
		d := l.mode
		if s.How == cacheFull {
			d = l.disk
		}
		d.Break()
		l.words.unkept = l.tell()
		l.about("RES-24", "RES-25", "RES-60")
		l.trouble("cache", d.Mend)
		return
	}
	if l.troubles["cache"] != nil {
		l.seen("nobody can write it now")
		return
	}
	l.about("RES-22", "RES-23")
	if !l.inMemory {
		l.good = nil // it has not read it yet
	}
	l.doubt, l.unstored, l.damaged = true, false, l.e.Journal().Len()
	l.excuses += 2
	l.calm = false
	if s.How == cacheEmptied {
		for _, name := range l.e.FilesOfCache(l.cache) {
			l.e.Remove(name)
		}
		return
	}
	for _, name := range l.e.FilesOfCache(l.cache) {
		l.e.Damages(name, harness.Damage(s.How))
	}
}
