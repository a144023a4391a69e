package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v4"

	"assay/fixtures/hostile"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

// selection holds what runs against a hostile server try: one or two requirements of each
// chapter, which start, reload, stop and kill the server, read its files and its log, talk
// to it in each way and let it get certificates.
var selection = []string{
	"CFG-01/own-block", "CFG-21/tls-alpn-01-sigterm", "BYO-01", "BYO-18/key-mismatch",
	"BYO-24/swapped", "CHAIN-01/two", "ACME-02/relative", "ACME-03/issuance", "HTTP01-02",
	"HTTP01-09/unknown", "ALPN01-01", "RENEW-02/29-days", "EXPIRY-01", "AUTOCERT-02/browser",
	"RES-20/new-order", "RES-26/idle",
}

// patience is the value of ASSAY_PATIENCE. A hostile server seldom does what specs wait
// for.
const patience = "2s"

// An outcome says what came of one run.
type outcome struct {
	title    string
	exit     int
	took     time.Duration
	memory   memory
	counts   string // of the results
	unprobed bool   // the server failed the probe
	findings []string
}

func printHead(w *os.File) {
	fmt.Fprintf(w, "%-48s %4s %7s %6s %6s %6s  %s\n",
		"kind, world, user", "exit", "seconds", "own MB", "disks", "target", "results")
}

func (o outcome) print(w *os.File) {
	fmt.Fprintf(w, "%-48s %4d %7.1f %6d %6d %6d  %s\n", o.title, o.exit, o.took.Seconds(),
		o.memory.own>>20, o.memory.disks>>20, o.memory.target>>20, o.counts)
	for _, f := range o.findings {
		fmt.Fprintln(w, "    FOUND", f)
	}
}

func (o *outcome) find(format string, args ...any) {
	o.findings = append(o.findings, fmt.Sprintf(format, args...))
}

// A place holds the files of one run.
type place struct {
	dir, out, temp, work, home, output string
}

// newPlace makes the directories of a run, for a user.
func (b *bench) newPlace(uid int) (p place, err error) {
	dir, err := os.MkdirTemp(b.dir, "run-")
	if err != nil {
		return p, err
	}
	p = place{dir: dir, out: filepath.Join(dir, "out"), temp: filepath.Join(dir, "tmp"),
		work: filepath.Join(dir, "work"), home: filepath.Join(dir, "home"),
		output: filepath.Join(dir, "output")}
	for _, d := range []string{p.out, p.temp, p.work, p.home} {
		err = errors.Join(err, os.Mkdir(d, 0o755))
	}
	for _, d := range []string{dir, p.out, p.temp, p.work, p.home} {
		err = errors.Join(err, os.Chown(d, uid, uid))
	}
	return p, errors.Join(err, os.Chmod(dir, 0o755))
}

// run makes one run and checks it.
func (b *bench) run(
	ctx context.Context, a attack, keep string, args ...string,
) (o outcome, err error) {
	o.title = title(a, args)
	p, err := b.newPlace(a.uid)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.dir)) }()
	target := filepath.Join(p.dir, "target.yaml")
	if err := b.writeTarget(target, a.kind); err != nil {
		return o, err
	}
	only := a.kind.Only
	if only == nil {
		only = selection
	}
	command := append([]string{b.assay, "run", "--target", target, "--out", p.out, "--github",
		"--world", a.world, "--only", strings.Join(only, ",")}, args...)
	end, err := b.supervised(ctx, a.uid, p, command, 0, &o.memory, func(int) {})
	if err != nil {
		return o, err
	}
	o.exit, o.took = end.Exit, end.Took
	if o.took > mostTime {
		o.find("the run took %s, expected at most %s", o.took.Round(time.Second), mostTime)
	}
	if o.memory.total > mostMemory {
		o.find("the run took %d MB, expected at most %d MB", o.memory.total>>20, mostMemory>>20)
	}
	if len(end.Left) > 0 {
		o.find("processes are left: %s", strings.Join(end.Left, ", "))
	}
	o.checkReport(p, a.kind)
	o.checkTexts(p)
	o.checkFiles(p)
	if err := b.checkMounts(&o); err != nil {
		return o, err
	}
	if keep == "" {
		return o, nil
	}
	kept := filepath.Join(keep, strings.ReplaceAll(o.title, " ", "_"))
	return o, errors.Join(os.RemoveAll(kept), os.CopyFS(kept, os.DirFS(p.dir)))
}

// supervised runs a command under a process that sees what it leaves after a time of
// grace. It calls started with the ID of that process.
func (b *bench) supervised(
	ctx context.Context, uid int, p place, args []string, grace time.Duration, took *memory,
	started func(pid int),
) (end ending, err error) {
	self, err := os.Executable()
	if err != nil {
		return end, err
	}
	// Ginkgo asks the go command for its version, which counts that below HOME.
	home := "HOME=" + p.home
	text, err := json.Marshal(job{Args: args, Dir: p.work, Output: p.output, Grace: grace,
		Env: []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + p.temp, home,
			"ASSAY_PATIENCE=" + patience}})
	if err != nil {
		return end, err
	}
	cmd := exec.CommandContext(ctx, self)
	if uid >= 0 {
		// The directory of this executable is closed to others.
		if cmd.Path, err = b.copyOfSelf(self); err != nil {
			return end, err
		}
		id := uint32(uid)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	}
	cmd.Dir = p.work
	cmd.Env = []string{supervised + "=" + string(text)}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var said, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaints
	if err := cmd.Start(); err != nil {
		return end, err
	}
	b.watch.begin(cmd.Process.Pid, b.assay)
	started(cmd.Process.Pid)
	waitErr := cmd.Wait()
	*took = b.watch.end(cmd.Process.Pid)
	if err := json.Unmarshal(said.Bytes(), &end); err != nil {
		return end, fmt.Errorf("the process that supervises a run: %w, %w: %s", waitErr, err,
			complaints.String())
	}
	if end.Err != "" {
		return end, errors.New(end.Err)
	}
	return end, nil
}

// copyOfSelf returns a copy of this executable that everybody can execute.
func (b *bench) copyOfSelf(self string) (string, error) {
	b.copying.Do(func() {
		b.copied = filepath.Join(b.dir, "abuse")
		var text []byte
		if text, b.copyErr = os.ReadFile(self); b.copyErr == nil {
			b.copyErr = os.WriteFile(b.copied, text, 0o755)
		}
	})
	return b.copied, b.copyErr
}

// writeTarget writes the target file of a kind.
func (b *bench) writeTarget(path string, kind hostile.Kind) error {
	keys := map[string]any{
		"name":    "hostile-" + kind.Name,
		"command": []string{b.server, kind.Name, "{{.ConfigFile}}"},
		"config":  map[string]any{"base": map[string]any{}},
		"env": map[string]string{"SSL_CERT_FILE": "{{.CABundle}}",
			"HOSTILE_REPORT": filepath.Join(filepath.Dir(path), "out")},
		"reload":   "SIGHUP",
		"profiles": sut.Profiles,
	}
	var own map[string]any
	if !kind.Target.IsZero() {
		if err := kind.Target.Decode(&own); err != nil {
			return fmt.Errorf("kind %s: target: %w", kind.Name, err)
		}
	}
	for key, value := range own {
		keys[key] = b.withServer(value)
	}
	text, err := yaml.Marshal(keys)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// withServer puts the path of the server in the place of the word at the beginning of a
// command.
func (b *bench) withServer(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = b.withServer(v[key])
		}
	case []any:
		if len(v) > 0 && v[0] == "server" {
			v[0] = b.server
		}
	}
	return value
}

// readReport returns the report of a run.
func (p place) readReport() (*report.Report, error) {
	return report.Read(filepath.Join(p.out, report.ReportFile))
}
