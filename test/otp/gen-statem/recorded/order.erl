%% Runs programs in OTP's own gen_statem and writes down in which order its callbacks were called.
%% erl -noshell -eval 'order:main("in", "out").'; one program a line in, one trace a line out.
-module(order).
-behaviour(gen_statem).
-export([main/2, callback_mode/0, init/1, handle_event/4]).

main(In, Out) ->
    {ok, Programs} = file:consult(In),
    {ok, File} = file:open(Out, [write]),
    [io:format(File, "~s~n", [run(Program)]) || Program <- Programs],
    file:close(File),
    halt(0).

run({Events, Enters, Actions, Casts}) ->
    {ok, Pid} = gen_statem:start(?MODULE, {Events, Enters, Actions}, []),
    [gen_statem:cast(Pid, {c, N}) || N <- lists:seq(1, Casts)],
    {State, {_, _, Log}} = sys:get_state(Pid),
    exit(Pid, kill),
    lists:join("; ", [atom_to_list(State) | lists:reverse(Log)]).

callback_mode() -> [handle_event_function, state_enter].

init({Events, Enters, Actions}) -> {ok, a, {Events, Enters, []}, Actions}.

handle_event(enter, Old, State, {Events, Enters, Log}) ->
    {Step, Rest} = next(Enters),
    result(Step, {Events, Rest, [io_lib:format("enter ~p>~p", [Old, State]) | Log]});
handle_event(Type, Content, State, {Events, Enters, Log}) ->
    {Step, Rest} = next(Events),
    result(Step, {Rest, Enters, [line(Type, Content, State) | Log]}).

next([]) -> {{keep, []}, []};
next([Step | Rest]) -> {Step, Rest}.

result({keep, Actions}, Data) -> {keep_state, Data, Actions};
result({repeat, Actions}, Data) -> {repeat_state, Data, Actions};
result({State, Actions}, Data) -> {next_state, State, Data, Actions}.

line({timeout, Name}, Content, State) -> io_lib:format("~p ~p ~p", [Name, Content, State]);
line(Type, {c, Content}, State) -> io_lib:format("~p ~p ~p", [Type, Content, State]);
line(Type, Content, State) -> io_lib:format("~p ~p ~p", [Type, Content, State]).
