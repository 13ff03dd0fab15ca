# shellcheck shell=bash
# The words of the demonstration. Sourced by `demonstration` in tools/run/demo.sh, which supplies `act` and `table`.

cat <<'END'
FAULTLINE: one page fault, and a program that waits for it for ever

Programs that share a lock keep it as a number in memory, and ask the kernel for help only when they have to wait.
Such a number is a "futex". In some of these calls the kernel itself writes the number. While it does, it holds a lock
of its own and must not sleep. So it writes with page faults switched off. If the write faults, the kernel backs out,
asks for the page to be made ready, and tries again. What "made ready" means is the whole story.

For each page of a program the kernel keeps an ENTRY with marks: present, writable, young (used lately), dirty (written).
This processor, like many others, does not set the last two by itself. So the kernel lets it read a page only while the
entry is young, and write only while the entry is dirty as well. The first use and the first write fault, and the
handler of that fault sets the mark. So the next write to a page may fault although the page is perfectly writable.

Below, the kernel boots on an emulated ARMv7 machine, again for each act. Lines with a bar come from that machine.


ACT 1. The report of July 2011: a program that hangs

A parent holds a lock and forks. The child looks at the lock: that reads the page, and leaves its entry young but clean.
The lock is taken, so the child asks the kernel to wait for it, and the kernel has to write the number. The write faults.
This kernel makes the page ready as Linux did until 2011: with get_user_pages, whose job is to find the memory behind an
address. It finds the memory: the entry is present and writable. That is all it was asked, so it changes nothing.
END
act original-report gup hangs

cat <<'END'

  Look at the entry in the report: in every round the write faults because "dirty" is missing, and in every round
  get_user_pages says that all is well. Both are right, and neither sets the mark. The program would loop like this
  for ever. Here the kernel counts rounds in which nothing changes, and stops the machine.


ACT 2. The same program, one boot argument apart

Now the page is made ready with fixup_user_fault, which does what the processor's own fault would have done: it runs
the fault handler, whatever the entry looks like. The handler knows why the write failed, and sets "dirty".
END
act original-report fixup passes

cat <<'END'

  Compare the entry before and after: one mark, set by one call, and the next try succeeded.


ACT 3. The same hang for another reason

"Young" can be missing too. When memory is short the kernel takes that mark from pages, to see which come back into
use. Here a program writes to its own memory and has it aged. Nothing is shared, nothing is clean; but the entry is old.
END
act aged-anon.wake_op-p gup hangs
act aged-anon.wake_op-p fixup passes

cat <<'END'


ACT 4. The same hang for a third reason, with an entry that is perfect

A processor does not look at the entry each time. It keeps copies of the entries that it has used, and a copy stays as it
was made. Here two threads of a program run on two processors. The second thread reads a page. Its processor's copy says
"read only", because the page is clean. Then the first thread writes to the page. That fault sets "dirty" and throws away
the first processor's copy, but not the second's. The old copy permits less than the entry, which does no harm: an access
that it refuses takes a fault, and the processor gets a new copy.
Now the second thread makes a call for which the kernel writes, with page faults switched off. The get_user_pages of this
kernel even insists on "young" and "dirty". It finds both.
END
act stale.wake_op gup_dirty hangs

cat <<'END'

  The entry has every mark, and the copy (the line "machine") is still read-only. Looking at the entry cannot find that out.
  The fault handler, when it sees that nothing is missing, throws the copy away.
END
act stale.wake_op fixup passes

cat <<'END'


ACT 5. Why not simply run the fault handler, always?

The first version of the cure did. Here a process ends while it holds a lock in a page that it has made read-only.
The kernel wants to leave a note in the lock for the programs that wait, and writes. This version does not ask whether
the program may write there at all. The handler does its work, the page is still read-only, and the kernel tries again,
in a process that is already ending and that no signal can stop any more.
END
act robust-exit.read-only fixup_2011 hangs

cat <<'END'

  Today's version asks first. The answer is no, which ends the loop: the note is not written, and the process ends.
END
act robust-exit.read-only fixup passes

cat <<'END'


ACT 6. Five repairs, side by side

  gup          get_user_pages: finds the page, leaves the entry as it is
  gup_dirty    get_user_pages that insists on young and dirty in the entry
  fixup_2011   the fault handler, without asking whether the access is allowed
  fixup        the fault handler, if the access is allowed: what Linux does today
  trap         get_user_pages, and the processor's fault repairs old and clean entries even with faults switched off

Each word below is the end of a boot of its own: "hangs" means that the kernel's watch found the loop, "passes" that the
program found every answer right.
END
if [[ -n $all ]]; then table '' ''; else table 8 1; fi
