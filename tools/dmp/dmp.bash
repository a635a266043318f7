# SPDX-License-Identifier: MIT OR Apache-2.0
# Completion for bash: commands, options, names of rings. Installed where bash-completion looks for
# it; or put `source …/dmp.bash` into ~/.bashrc.

# What a command can do is what its help says.
_dmp_options() { dmp "$@" --help 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z-]+' | tr -d ' ,' | sort -u; }
_dmp_commands() { dmp --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

_dmp() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  local choices=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    choices="$(_dmp_commands) --help --version"
  else
    case $before in
      --start) choices="oldest latest resume" ;;
      --kind) choices="gating required observer" ;;
      --wait) choices="block sleep yield spin busy" ;;
      --format) choices="raw hex fields json" ;;
      --producers) choices="single multi" ;;
      --dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
      *)
        case $word in
          -*) choices=$(_dmp_options "$command") ;;
          *) choices=$(dmp ls --names 2>/dev/null | sed 's/^shm://') ;;
        esac
        ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
complete -F _dmp dmp
