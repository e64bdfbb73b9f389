# SPDX-License-Identifier: Apache-2.0
"""`hearth render` of what bpftrace printed (0.17, Linux 6.18), word for word."""

import hearth


def printed(text):
    """With the blanks at ends of lines, for which "_" stands here."""
    return text.replace(",_\n", ", \n")


# bpftrace -e 'profile:hz:199 { @[kstack, ustack, comm] = count(); }'
PLAIN = printed("""Attaching 2 probes...


@[,_
    take_gil+92
, python3]: 1
@[
    _raw_spin_unlock_irq+24
    do_epoll_wait+1021
    __x64_sys_epoll_wait+90
    do_syscall_64+113
    entry_SYSCALL_64_after_hwframe+118
,_
    0x7f11bb7acf36
    0x55dd83513958
, Chrome_IOThread]: 1
@[
    do_exit+639
    do_group_exit+41
    __x64_sys_exit_group+20
    x64_sys_call+5366
    do_syscall_64+113
    entry_SYSCALL_64_after_hwframe+118
, , clang-format]: 5
@[, , swapper/0]: 2
""")
PLAIN_FOLDED = """\
Chrome_IOThread;[unknown];[unknown];entry_SYSCALL_64_after_hwframe_[k];do_syscall_64_[k];__x64_sys_epoll_wait_[k];do_epoll_wait_[k];_raw_spin_unlock_irq_[k] 1
clang-format;entry_SYSCALL_64_after_hwframe_[k];do_syscall_64_[k];x64_sys_call_[k];__x64_sys_exit_group_[k];do_group_exit_[k];do_exit_[k] 5
python3;take_gil 1
swapper/0 2
"""

# @[comm, pid, kstack(perf), ustack(perf)] = count(); @t[ustack, cpu] = sum(3); @a[kstack(2)] = avg(pid);
PERF = printed("""Attaching 2 probes...


@[syscalls, 5386,_
\tffffffff81d3361c read_zero+156
\tffffffff816b82eb vfs_read+187
\tffffffff816b8f46 ksys_read+102
\tffffffff821ecc51 do_syscall_64+113
\tffffffff81000130 entry_SYSCALL_64_after_hwframe+118
,_
\t401320 read_zeros+16 (/work/formats/.output/samples/syscalls)
]: 1
@[chromium, 4454, ,_
\t7f9b4f075693 hb_buffer_set_direction+3 (/usr/lib/x86_64-linux-gnu/libharfbuzz.so.0.60000.0)
\t55a934a1ffa3 0x55a934a1ffa3 ([unknown])
]: 1
@[syscalls, 5386, , ]: 21
@a[
    _raw_spin_unlock_irq+17
    __remove_mapping+202
]: 77

@t[
    0x7fc80beb42bc
, 1]: 6
""")
PERF_FOLDED = """\
chromium-4454;[unknown];hb_buffer_set_direction 1
syscalls-5386 21
syscalls-5386;read_zeros;entry_SYSCALL_64_after_hwframe_[k];do_syscall_64_[k];ksys_read_[k];vfs_read_[k];read_zero_[k] 1
"""


def render(*arguments, text):
    with hearth.Child(hearth.BINARY, "render", "-", *arguments) as child:
        child.process.stdin.write(text.encode())
        ended = child.end()
    assert ended.returncode == 0, ended
    return ended


def test_plain():
    assert render("--format", "folded", text=PLAIN).stdout == PLAIN_FOLDED


def test_perf_mode_with_labels():
    ended = render("--format", "folded", "--by", "pid", text=PERF)
    assert ended.stdout == PERF_FOLDED
    assert "2 keys of other maps than the first one left out" in ended.stderr


def test_modules_of_perf_mode():
    top = render("--format", "top", text=PERF).stdout
    assert "libharfbuzz.so.0.60000.0" in top and "+3" not in top
