package life

import (
	"slices"
	"time"

	"assay/suite/internal/live"
	"assay/suite/internal/replace"
)

// A kind is a kind of step.
type kind struct {
	name   string
	modes  []string // in which it makes sense; none means in all
	hows   []string // its forms; none means that there is one
	spans  []live.Span
	weight int // how often it is chosen, compared with others
	says   string
	take   func(l *life, s Step)
}

func (k *kind) in(mode string) bool { return len(k.modes) == 0 || slices.Contains(k.modes, mode) }

var (
	ownAlone  = []string{ModeOwn}
	acmeAlone = []string{ModeHTTP, ModeALPN}
)

const day = 24 * time.Hour

func spans(all ...time.Duration) (out []live.Span) {
	for _, d := range all {
		out = append(out, live.Span(d))
	}
	return out
}

// kinds holds every kind of step. The order is that of the documentation.
var kinds []*kind

func init() { kinds = allKinds() }

// allKinds returns what kinds holds. The steps use that, so it cannot be a variable's value.
func allKinds() []*kind {
	return []*kind{
		{name: "start", weight: 4, says: "start the server, if it does not run", take: (*life).start},
		{name: "stop", weight: 1, says: "stop it by its stop signal", take: (*life).stopStep},
		{name: "kill", weight: 2, says: "end it by SIGKILL", take: (*life).killStep},
		{name: "restart", weight: 3, says: "stop and start it", take: (*life).restart},
		{name: "second", modes: ownAlone, hows: []string{sameAgain}, weight: 1,
			says: "the server is started once more while it runs", take: (*life).secondStep},
		{name: "second-acme", modes: acmeAlone, hows: []string{sameAgain, overTheCache}, weight: 2,
			says: "a second server is started while the first one runs", take: (*life).secondStep},
		{name: "reload", weight: 3, says: "send the signal, or run the command, of a reload",
			take: (*life).reloadStep},
		{name: "handshake", hows: clientNames(), weight: 12,
			says: "a client of this kind shakes hands", take: (*life).handshakeStep},
		{name: "crowd", hows: []string{"10", "60"}, weight: 2,
			says: "so many clients shake hands at once", take: (*life).crowd},
		{name: "idle", hows: []string{"silent", "half-a-hello", "after-the-handshake"}, weight: 1,
			says: "forty connections are open and say nothing more", take: (*life).idle},
		{name: "request", hows: requestNames(), weight: 5,
			says: "a request over TLS", take: (*life).request},
		{name: "plain", hows: []string{"page", "post"}, weight: 2,
			says: "a plain HTTP request to the port of TLS", take: (*life).plain},
		{name: "challenge", modes: []string{ModeHTTP}, hows: challengePathNames(), weight: 3,
			says: "a plain request to the port of HTTP-01", take: (*life).challenge},
		{name: "noise", hows: noiseNames(), weight: 2,
			says: "bytes that are no good hello", take: (*life).noise},
		{name: "forge", hows: forgeNames(), weight: 3,
			says: "a text that could forge a line of the log", take: (*life).forge},
		{name: "pending", modes: acmeAlone, hows: pendings, weight: 6,
			says: "the server starts with an empty cache, and the CA holds the validation meanwhile",
			take: (*life).pendingStep},
		{name: "try", hows: namesOf(someTrials), weight: 7,
			says: "other configurations are tried for a moment, in place of the server's own",
			take: (*life).tryStep},
		{name: "try-own", modes: ownAlone, hows: namesOf(ownTrials), weight: 11,
			says: "other configurations with a pair are tried for a moment", take: (*life).tryOwnStep},
		{name: "try-acme", modes: acmeAlone, hows: namesOf(acmeTrials), weight: 7,
			says: "other configurations with a CA are tried for a moment", take: (*life).tryACMEStep},
		{name: "replace", modes: ownAlone, hows: replacementNames(), weight: 16,
			says: "the operator replaces the pair by a good one, and reloads", take: (*life).replaceStep},
		{name: "damage", modes: ownAlone, hows: damageNames(), weight: 6,
			says: "the operator replaces the pair by a bad one, and reloads", take: (*life).damageStep},
		{name: "ca", modes: acmeAlone, hows: caNames(), weight: 6,
			says: "the CA fails in this way, or is well again", take: (*life).caStep},
		{name: "dns", modes: acmeAlone, hows: []string{"away", "ca-away", "back"}, weight: 2,
			says: "a name has no address: the server's for the CA, or the CA's for the server",
			take: (*life).dns},
		{name: "forward", modes: []string{ModeHTTP}, hows: []string{"down", "up"}, weight: 2,
			says: "nothing forwards port 80, or something does again", take: (*life).forward},
		{name: "cache", modes: acmeAlone, hows: cacheNames(), weight: 5,
			says: "the cache directory fails in this way, or is well again", take: (*life).cacheStep},
		{name: "pass", weight: 9,
			spans: spans(time.Minute, 10*time.Minute, time.Hour, 12*time.Hour, 3*day, 10*day, 31*day,
				65*day, 100*day),
			says: "time passes, and a client comes by now and then", take: (*life).pass},
		{name: "sleep", weight: 1, spans: spans(time.Hour, 3*day, 65*day),
			says: "the machine sleeps", take: (*life).sleepStep},
	}
}

func kindOf(name string) *kind {
	i := slices.IndexFunc(kinds, func(k *kind) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return kinds[i]
}

func kindNames() (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// ways lists how an operator's tool replaces files.
var ways = []replace.By{
	replace.Renaming, replace.Writing, replace.WritingSlowly, replace.Linking, replace.LinkingTwice,
	replace.BehindALink, replace.HardLinking, replace.BackingUp, replace.Deleting,
	replace.Permitting, replace.SwitchingDirectory, replace.SwitchingData, replace.SwitchingAbove,
	replace.MovingDirectory,
}

func waysByName() (names []string) {
	for _, w := range ways {
		names = append(names, string(w))
	}
	return names
}
