/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/shell_completion.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "profiler/command.h"
#include "profiler/option_completion.h"

/* bash takes "--format=svg" for three words, of which the last one is completed. */
static const char bash_script[] =
	"# bash completion of hearth: source <(hearth completion bash)\n"
	"_hearth()\n"
	"{\n"
	"    local -a words=()\n"
	"    local word line joins= before= current=${COMP_WORDS[COMP_CWORD]}\n"
	"    for word in \"${COMP_WORDS[@]:1:COMP_CWORD}\"; do\n"
	"        if [[ ( $joins || $word == = ) && ${#words[@]} -gt 0 ]]; then\n"
	"            words[-1]+=$word\n"
	"        else\n"
	"            words+=(\"$word\")\n"
	"        fi\n"
	"        [[ $word == = ]] && joins=yes || joins=\n"
	"    done\n"
	"    [[ $current == = ]] && current=\n"
	"    [[ ${words[-1]} == --*=* ]] && before=${words[-1]%%=*}=\n"
	"    COMPREPLY=()\n"
	"    while IFS= read -r line; do\n"
	"        case $line in\n"
	"        :files) compopt -o filenames; mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
	"        :folders) compopt -o filenames; mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -d -- \"$current\") ;;\n"
	"        :users) mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -u -- \"$current\") ;;\n"
	"        :programs) mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -c -- \"$current\") ;;\n"
	"        *) line=${line%%$'\\t'*}; COMPREPLY+=(\"${line#\"$before\"}\") ;;\n"
	"        esac\n"
	"    done < <(\"${COMP_WORDS[0]}\" " COMPLETION_WORD " \"${words[@]}\" 2>/dev/null)\n"
	"}\n"
	"complete -F _hearth hearth\n";

static const char zsh_script[] =
	"#compdef hearth\n"
	"# zsh completion of hearth: source <(hearth completion zsh), or as _hearth in a folder of fpath\n"
	"_hearth()\n"
	"{\n"
	"    local line\n"
	"    local -a described\n"
	"    for line in \"${(@f)$(\"${words[1]}\" " COMPLETION_WORD
	" \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
	"        case $line in\n"
	"        :files) _files ;;\n"
	"        :folders) _files -/ ;;\n"
	"        :users) _users ;;\n"
	"        :programs) _command_names -e ;;\n"
	"        ?*) described+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
	"        esac\n"
	"    done\n"
	"    (( ${#described} )) && _describe hearth described\n"
	"}\n"
	"if [[ ${funcstack[1]} == _hearth ]]; then _hearth; else compdef _hearth hearth; fi\n";

static const char fish_script[] =
	"# fish completion of hearth: hearth completion fish | source\n"
	"function __hearth_complete\n"
	"    set -l words (commandline -opc)\n"
	"    set -l program $words[1]\n"
	"    set -e words[1]\n"
	"    set -l current (commandline -ct)\n"
	"    for line in ($program " COMPLETION_WORD " $words \"$current\" 2>/dev/null)\n"
	"        switch $line\n"
	"            case :files\n"
	"                __fish_complete_path \"$current\"\n"
	"            case :folders\n"
	"                __fish_complete_directories \"$current\"\n"
	"            case :users\n"
	"                __fish_complete_users\n"
	"            case :programs\n"
	"                complete -C \"$current\"\n"
	"            case '*'\n"
	"                printf '%s\\n' $line\n"
	"        end\n"
	"    end\n"
	"end\n"
	"complete -c hearth -f -a '(__hearth_complete)'\n";

static const struct {
	const char *name;
	const char *script;
} shells[] = {
	{ "bash", bash_script },
	{ "zsh", zsh_script },
	{ "fish", fish_script },
};

#define SHELL_COUNT (sizeof(shells) / sizeof(shells[0]))

int shell_completion_print_script(int argc, char **argv)
{
	for (size_t i = 0; argc == 1 && i < SHELL_COUNT; i++)
		if (!strcmp(argv[0], shells[i].name)) {
			printf("%s", shells[i].script);
			return EXIT_GOOD;
		}
	log_error("of which shell? hearth completion bash, zsh or fish");
	return EXIT_WRONG;
}

void shell_completion_offer_shells(const char *begun)
{
	for (size_t i = 0; i < SHELL_COUNT; i++)
		option_completion_offer(begun, shells[i].name, "");
}
