// Command abuse runs the suite against hostile servers and checks what is left and what
// it cost. Run it inside the module:
//
//	go run ./suite/cmd/abuse                  # every kind, in each world
//	go run ./suite/cmd/abuse log-words forks  # these kinds
//	go run ./suite/cmd/abuse 'answer-*'
//	go run ./suite/cmd/abuse storm            # ten runs at once, whose processes are killed
//
// Package hostile lists the kinds. If root runs the command, each run is made as root and
// as nobody, which has the user ID 65534.
//
// A run passes if
//
//   - it ends within [mostTime],
//   - its exit code is a verdict: 1, or 2 with a reason in the report; 0 only if the server
//     broke none of the promises that were selected,
//   - no case is an error of Assay's own, unless the list of kinds says why, or the machine
//     was starved,
//   - Assay's own processes and the file systems that it keeps in memory take no more than
//     [mostMemory] together. What the server itself holds is not limited by Assay, and is
//     shown beside that,
//   - no process, no mount and no file is left but those of the report,
//   - what is printed, the page and the JUnit file hold no control characters and no
//     commands of the server's, and what is printed no trace of a panic.
//
// Memory is what the kernel calls RssAnon and RssShmem of each process, and the space used
// on each tmpfs, added up and looked at many times a second. Program text and the page cache
// are not counted: the kernel takes them back when it needs memory.
//
// The exit code is 0 if all runs pass, 1 if not, and 2 if the command cannot do its work.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"

	"assay/fixtures/hostile"
	"assay/suite/internal/world"
)

const (
	mostTime   = 2 * time.Minute
	mostMemory = 500 << 20

	nobody = 65534
)

// commandLine declares the command line.
type commandLine struct {
	Attack attackOptions `cmd:"" default:"withargs" help:"Run the suite against hostile servers."`
	Storm  stormOptions  `cmd:"" help:"Kill processes of ten runs at once."`
}

type attackOptions struct {
	Kinds  []string `arg:"" optional:"" name:"kind" help:"Kinds of servers, or globs (default: all)."`
	World  []string `help:"Worlds: namespace, loopback (default: both)."`
	User   []string `help:"Users: root, nobody (default: both as root)."`
	AtOnce int      `help:"Runs at the same time (default: one for each CPU)."`
	Keep   string   `placeholder:"DIR" help:"Keep the reports in this directory."`
}

func main() {
	if os.Getenv(supervised) != "" {
		os.Exit(supervise())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var line commandLine
	parsed := kong.Parse(&line, kong.Name("abuse"),
		kong.Description("Run the suite against hostile servers, and check what is left."))
	var passed bool
	var err error
	switch parsed.Command() {
	case "storm":
		passed, err = line.Storm.run(ctx)
	default:
		passed, err = line.Attack.run(ctx)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "abuse:", err)
		os.Exit(2)
	case !passed:
		os.Exit(1)
	}
}

// A bench is where runs are made.
type bench struct {
	dir    string // of this command; it is removed at the end
	assay  string
	server string // fixtures/hostile/server
	watch  *watcher
	mounts map[string]bool // before the first run

	copying sync.Once // of this executable
	copied  string
	copyErr error
}

// newBench builds the programs. The function that it returns removes everything.
func newBench(ctx context.Context) (*bench, func() error, error) {
	dir, err := os.MkdirTemp("", "abuse-")
	if err != nil {
		return nil, nil, err
	}
	b := &bench{dir: dir, assay: filepath.Join(dir, "assay"), server: filepath.Join(dir, "server")}
	remove := func() error { return os.RemoveAll(dir) }
	if err := os.Chmod(dir, 0o755); err != nil { // nobody's runs use it too
		return nil, nil, errors.Join(err, remove())
	}
	build := exec.CommandContext(ctx, "go", "build", "-ldflags=-s", "-o", dir,
		"assay/suite/cmd/assay", "assay/fixtures/hostile/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("build assay and the server: %w\n%s", err, output),
			remove())
	}
	if b.mounts, err = ownMounts(); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	var stop func()
	b.watch, stop = watch()
	return b, func() error { stop(); return remove() }, nil
}

// An attack is one kind of server in one world, for one user.
type attack struct {
	kind  hostile.Kind
	world string
	uid   int // -1: the user of this process
}

func (a attack) String() string { return a.kind.Name + " " + a.world + " " + a.user() }

func (a attack) user() string {
	switch {
	case a.uid == nobody:
		return "nobody"
	case os.Geteuid() == 0:
		return "root"
	}
	return "user"
}

// attacks lists what is selected.
func (o attackOptions) attacks() (all []attack, err error) {
	kinds, err := hostile.Kinds()
	if err != nil {
		return nil, err
	}
	worlds, users := o.World, []int{-1}
	if len(worlds) == 0 {
		worlds = []string{"namespace", "loopback"}
	}
	if err := world.Available(); err != nil {
		fmt.Fprintln(os.Stderr, "abuse: no runs in the namespace world:", err)
		worlds = slices.DeleteFunc(slices.Clone(worlds), func(w string) bool { return w == "namespace" })
	}
	if os.Geteuid() == 0 {
		users = append(users, nobody)
	}
	for _, name := range o.Kinds {
		if !slices.ContainsFunc(kinds, func(k hostile.Kind) bool { return matches(name, k.Name) }) {
			return nil, fmt.Errorf("found the kind %q, expected one of fixtures/hostile/kinds.yaml", name)
		}
	}
	for _, kind := range kinds {
		selected := len(o.Kinds) == 0 || slices.ContainsFunc(o.Kinds, func(name string) bool {
			return matches(name, kind.Name)
		})
		for _, world := range worlds {
			for _, uid := range users {
				a := attack{kind, world, uid}
				if kind.Once && len(users) > 1 && len(o.User) == 0 &&
					(world == "namespace") != (uid == -1) {
					continue
				}
				if selected && (len(o.User) == 0 || slices.Contains(o.User, a.user())) {
					all = append(all, a)
				}
			}
		}
	}
	return all, nil
}

func matches(glob, name string) bool {
	ok, err := path.Match(glob, name)
	return ok && err == nil
}

// run makes all runs and prints a line for each.
func (o attackOptions) run(ctx context.Context) (passed bool, err error) {
	began := time.Now()
	all, err := o.attacks()
	if err != nil {
		return false, err
	}
	b, remove, err := newBench(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	atOnce := o.AtOnce
	if atOnce <= 0 {
		atOnce = runtime.NumCPU()
	}
	fmt.Fprintf(os.Stderr, "%d runs, %d at a time\n", len(all), atOnce)
	var mu sync.Mutex
	failed, runs := 0, 0
	var worst outcome
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	printHead(os.Stdout)
	for _, a := range all {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			outcomes, err := b.attack(ctx, a, o.Keep)
			if err != nil {
				return fmt.Errorf("%s: %w", a, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, x := range outcomes {
				x.print(os.Stdout)
				runs++
				if len(x.findings) > 0 {
					failed++
				}
				worst.took = max(worst.took, x.took)
				worst.memory.total = max(worst.memory.total, x.memory.total)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return false, err
	}
	fmt.Printf("%d runs in %s, %d with findings; the longest took %.1f s, the largest %d MB\n", runs,
		time.Since(began).Round(time.Second), failed, worst.took.Seconds(), worst.memory.total>>20)
	return failed == 0, nil
}

// attack makes the runs against one kind of server in one world: one, and if the server
// fails the probe, another one without a probe, which goes further.
func (b *bench) attack(ctx context.Context, a attack, keep string) (all []outcome, err error) {
	first, err := b.run(ctx, a, keep)
	if err != nil || !first.unprobed {
		return []outcome{first}, err
	}
	second, err := b.run(ctx, a, keep, "--no-probe")
	return []outcome{first, second}, err
}

func title(a attack, args []string) string {
	return strings.TrimSpace(a.String() + " " + strings.Join(args, " "))
}
