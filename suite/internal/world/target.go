package world

import (
	"os"
	"os/exec"
	"syscall"
)

// targets are what was started in one world.
type targets struct {
	mark    string
	starter *starter
	own     *groups
	all     *groups // of this process, for its sudden end
}

// start starts cmd on the starter's thread, where enter has been called, as
// attr and what the caller set say.
func (t *targets) start(cmd *exec.Cmd, adjust func(*syscall.SysProcAttr), enter, leave func() error) error {
	env := cmd.Env
	if env == nil {
		env = os.Environ()
	}
	cmd.Env = append(withoutStage(env), envMark+"="+t.mark)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// The leader of a new session already leads a process group.
	cmd.SysProcAttr.Setpgid = !cmd.SysProcAttr.Setsid
	adjust(cmd.SysProcAttr)
	return t.starter.do(func() error {
		if err := enter(); err != nil {
			return err
		}
		err := cmd.Start()
		if err == nil {
			t.own.add(cmd.Process.Pid)
			t.all.add(cmd.Process.Pid)
		}
		if home := leave(); home != nil {
			return home
		}
		return err
	})
}

// forget is called when they are known to be gone.
func (t *targets) forget() { t.all.remove(t.own.ids) }
