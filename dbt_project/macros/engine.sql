{#
  Everything that differs between engines, in one file. Models call these macros and stay portable:
  DuckDB runs them today, `spark__` gives the same meaning on Spark SQL (3.5 and 4).
  Not allowed in models: qualify, exclude, unnest, `::`, strftime, `->>`.
#}


{# ---- types ------------------------------------------------------------------------------------ #}

{# The engine's type for one of our words: text, texts (for objects whose keys are ids), instant. Any other word is returned as it is. #}
{% macro t(name) %}{{ return(adapter.dispatch('t', 'daybook')(name)) }}{% endmacro %}

{% macro duckdb__t(name) %}
    {{ return({'text': 'varchar', 'texts': 'map(varchar, varchar)', 'instant': 'timestamp with time zone'}.get(name, name)) }}
{% endmacro %}

{% macro spark__t(name) %}
    {{ return({'text': 'string', 'texts': 'map<string, string>', 'instant': 'timestamp', 'timestamp': 'timestamp_ntz'}.get(name, name)) }}
{% endmacro %}

{# A null of a given type, for columns a platform does not have. #}
{% macro null_as(type) %}cast(null as {{ t(type) }}){% endmacro %}


{# ---- JSON ------------------------------------------------------------------------------------- #}

{#
  The payload parsed once into a typed struct. `shape` is a mapping of field name to a type word
  ('text', 'bigint', 'decimal(18,4)', 'boolean'), to a nested mapping, or to a list of one of these:
      {'tid': 'text', 'orders': {'order': [{'oid': 'text', 'num': 'text'}]}}
  A field that is absent, or of another shape than described, becomes null.
#}
{% macro parse_payload(column, shape) %}
    {{- return(adapter.dispatch('parse_payload', 'daybook')(column, shape)) -}}
{% endmacro %}

{% macro duckdb__parse_payload(column, shape) -%}
    json_transform({{ column }}, '{{ tojson(_duckdb_shape(shape)) }}')
{%- endmacro %}

{% macro _duckdb_shape(shape) %}
    {%- if shape is mapping -%}
        {%- set out = {} -%}
        {%- for name, inner in shape.items() -%}
            {%- do out.update({name: _duckdb_shape(inner)}) -%}
        {%- endfor -%}
        {{- return(out) -}}
    {%- elif shape is string -%}
        {{- return(t(shape)) -}}
    {%- else -%}
        {{- return([_duckdb_shape(shape[0])]) -}}
    {%- endif -%}
{% endmacro %}

{% macro spark__parse_payload(column, shape) -%}
    from_json({{ column }}, '{{ _spark_shape(shape) }}')
{%- endmacro %}

{% macro _spark_shape(shape) %}
    {%- if shape is mapping -%}
        {%- set out = [] -%}
        {%- for name, inner in shape.items() -%}
            {%- do out.append('`' ~ name ~ '`: ' ~ _spark_shape(inner)) -%}
        {%- endfor -%}
        {{- return('struct<' ~ out | join(', ') ~ '>') -}}
    {%- elif shape is string -%}
        {{- return(t(shape)) -}}
    {%- else -%}
        {{- return('array<' ~ _spark_shape(shape[0]) ~ '>') -}}
    {%- endif -%}
{% endmacro %}

{#
  One row per element of an array column, as an expression of the SELECT list: `select id, {{ explode('x.items') }}
  as item from x`. Rows whose array is null or empty disappear. At most one in a SELECT. In the list and not in
  FROM, because DuckDB runs a join with an unnest of the other side some forty times slower.
#}
{% macro explode(array) %}{{ return(adapter.dispatch('explode', 'daybook')(array)) }}{% endmacro %}
{% macro duckdb__explode(array) %}unnest({{ array }}){% endmacro %}
{% macro spark__explode(array) %}explode({{ array }}){% endmacro %}

{# Sum of an expression over an array column, without a join. In it, `item` is the name of an element. Null if the array is null. #}
{% macro array_sum(array, item, expression) %}
    {{- return(adapter.dispatch('array_sum', 'daybook')(array, item, expression)) -}}
{% endmacro %}

{% macro duckdb__array_sum(array, item, expression) -%}
    coalesce(list_sum(list_transform({{ array }}, lambda {{ item }}: coalesce({{ expression }}, 0))),
        case when {{ array }} is not null then 0 end)
{%- endmacro %}

{% macro spark__array_sum(array, item, expression) -%}
    aggregate({{ array }}, cast(0 as decimal(18,4)), (_sum, {{ item }}) -> cast(_sum + coalesce({{ expression }}, 0) as decimal(18,4)))
{%- endmacro %}

{# Like array_sum, but null where no element has a value: what nobody counts is not 0. #}
{% macro array_told_sum(array, item, expression) %}
    {{- return(adapter.dispatch('array_told_sum', 'daybook')(array, item, expression)) -}}
{% endmacro %}

{% macro duckdb__array_told_sum(array, item, expression) -%}
    list_sum(list_transform({{ array }}, lambda {{ item }}: {{ expression }}))
{%- endmacro %}

{% macro spark__array_told_sum(array, item, expression) -%}
    aggregate({{ array }}, cast(null as decimal(18,4)),
        (_sum, {{ item }}) -> cast(coalesce(_sum + {{ expression }}, _sum, {{ expression }}) as decimal(18,4)))
{%- endmacro %}

{# Number of elements of an array column; 0 when it is null. #}
{% macro array_length(array) %}{{ return(adapter.dispatch('array_length', 'daybook')(array)) }}{% endmacro %}
{% macro duckdb__array_length(array) %}coalesce(len({{ array }}), 0){% endmacro %}
{% macro spark__array_length(array) %}greatest(coalesce(size({{ array }}), 0), 0){% endmacro %}

{# The first element of an array column; null when there is none. #}
{% macro first_of(array) %}{{ return(adapter.dispatch('first_of', 'daybook')(array)) }}{% endmacro %}
{% macro duckdb__first_of(array) %}{{ array }}[1]{% endmacro %}
{% macro spark__first_of(array) %}get({{ array }}, 0){% endmacro %}

{# The value of the first element {key, value} of an array that has this key: how shops carry what plugins add. #}
{% macro value_of(array, key) %}{{ return(adapter.dispatch('value_of', 'daybook')(array, key)) }}{% endmacro %}

{% macro duckdb__value_of(array, key) -%}
    list_filter({{ array }}, lambda entry: entry.key = '{{ key }}')[1].value
{%- endmacro %}

{% macro spark__value_of(array, key) -%}
    get(filter({{ array }}, entry -> entry.key = '{{ key }}'), 0).value
{%- endmacro %}

{# Field `field` of the first element of an array whose field `match` is `wanted`; null when there is none. #}
{% macro element_of(array, match, wanted, field) %}{{ return(adapter.dispatch('element_of', 'daybook')(array, match, wanted, field)) }}{% endmacro %}

{% macro duckdb__element_of(array, match, wanted, field) -%}
    list_filter({{ array }}, lambda entry: entry.{{ match }} = '{{ wanted }}')[1].{{ field }}
{%- endmacro %}

{% macro spark__element_of(array, match, wanted, field) -%}
    get(filter({{ array }}, entry -> entry.{{ match }} = '{{ wanted }}'), 0).{{ field }}
{%- endmacro %}


{# ---- numbers ---------------------------------------------------------------------------------- #}

{# Text to an exact amount in major units; null when it is empty or no number. #}
{% macro money(x) %}try_cast(nullif(trim({{ x }}), '') as decimal(18,4)){% endmacro %}

{# Text that may have thousands separators, with '', '-' and '--' meaning "not given". #}
{% macro number(x) %}try_cast(nullif(nullif(nullif(trim(replace({{ x }}, ',', '')), ''), '-'), '--') as decimal(18,4)){% endmacro %}
{# Text of a whole number of hundredths (fen, cents) to an exact amount in major units. #}
{% macro hundredths(x) %}cast(try_cast(nullif(trim({{ x }}), '') as decimal(18,2)) * cast(0.01 as decimal(3,2)) as decimal(18,4)){% endmacro %}
{% macro whole_number(x) %}cast({{ number(x) }} as bigint){% endmacro %}

{# A ratio that is null when the denominator is 0 or unknown; engines differ on decimal division, so doubles. #}
{% macro ratio(n, d) %}round(cast({{ n }} as double) / nullif(cast({{ d }} as double), 0), 6){% endmacro %}


{# ---- time ------------------------------------------------------------------------------------- #}

{#
  ISO-8601 text to an instant. Text without zone or offset is read as UTC (the session zone is UTC on
  both engines: profiles.yml). Empty text and the sentinels of cn vendors become null.
#}
{% macro parse_instant(text) %}{{ return(adapter.dispatch('parse_instant', 'daybook')(text)) }}{% endmacro %}

{% macro duckdb__parse_instant(text) -%}
    try_cast(regexp_replace({{ no_sentinel(text) }}, ' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2') as timestamp with time zone)
{%- endmacro %}

{% macro spark__parse_instant(text) %}try_cast({{ no_sentinel(text) }} as timestamp){% endmacro %}

{# Text of a number of seconds, or of 1/per_second seconds, since 1970 to an instant; 0 and '' mean no time. #}
{% macro epoch_time(text, per_second=1) %}{{ return(adapter.dispatch('epoch_time', 'daybook')(text, per_second)) }}{% endmacro %}

{% macro duckdb__epoch_time(text, per_second) -%}
    make_timestamptz(try_cast(nullif(trim({{ text }}), '0') as bigint) * {{ 1000000 // per_second }})
{%- endmacro %}

{% macro spark__epoch_time(text, per_second) -%}
    timestamp_micros(try_cast(nullif(trim({{ text }}), '0') as bigint) * {{ 1000000 // per_second }})
{%- endmacro %}

{#
  `yyyyMMddHHmmssSSS+0800` to an instant: digits run together, milliseconds, offset. Other text is no time.
#}
{% macro compact_time(text) -%}
    {{ parse_instant("regexp_replace(" ~ text ~ ", '^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{3})', '"
        ~ compact_groups() ~ "')") }}
{%- endmacro %}

{# The groups of a regular expression put together as ISO 8601; engines name groups differently. #}
{% macro compact_groups() %}{{ return(adapter.dispatch('compact_groups', 'daybook')()) }}{% endmacro %}
{% macro duckdb__compact_groups() %}{{ return('\\1-\\2-\\3T\\4:\\5:\\6.\\7') }}{% endmacro %}
{% macro spark__compact_groups() %}{{ return('$1-$2-$3T$4:$5:$6.$7') }}{% endmacro %}

{# '', '0', '--', 0000-…, 0001-01-01… and 1970-01-01 00:00:00 are how vendors write "no time". #}
{% macro no_sentinel(text) -%}
    case
        when trim({{ text }}) in ('', '0', '--') then null
        when {{ text }} like '0000-%' or {{ text }} like '-0001-%' or {{ text }} like '0001-01-01%' or {{ text }} like '1970-01-01%' then null
        else trim({{ text }})
    end
{%- endmacro %}

{#
  A wall-clock text (`2026-01-05 10:00:00`) to the instant it means in a zone (an expression: `'Asia/Shanghai'`
  or a column). A time that happens twice when clocks go back is the first one; a time that does not exist
  when they go forward moves forward by the gap (docs: marts, clock). Both follow from one rule: use the
  offset of the day before, unless that gives another wall clock and today's offset gives the right one.
#}
{% macro local_time(text, zone) -%}
    {{ local_timestamp("try_cast(" ~ no_sentinel(text) ~ " as " ~ t('timestamp') ~ ")", zone) }}
{%- endmacro %}

{% macro local_timestamp(ts, zone) %}{{ return(adapter.dispatch('local_timestamp', 'daybook')(ts, zone)) }}{% endmacro %}

{% macro duckdb__local_timestamp(ts, zone) -%}
    case
        when timezone({{ zone }}, timezone({{ zone }}, {{ ts }} - interval 24 hours) + interval 24 hours) <> {{ ts }}
            and timezone({{ zone }}, timezone({{ zone }}, {{ ts }})) = {{ ts }}
            then timezone({{ zone }}, {{ ts }})
        else timezone({{ zone }}, {{ ts }} - interval 24 hours) + interval 24 hours
    end
{%- endmacro %}

{% macro spark__local_timestamp(ts, zone) -%}
    case
        when from_utc_timestamp(to_utc_timestamp(cast({{ ts }} as timestamp) - interval 24 hours, {{ zone }}) + interval 24 hours, {{ zone }})
            <> cast({{ ts }} as timestamp)
            and from_utc_timestamp(to_utc_timestamp(cast({{ ts }} as timestamp), {{ zone }}), {{ zone }}) = cast({{ ts }} as timestamp)
            then to_utc_timestamp(cast({{ ts }} as timestamp), {{ zone }})
        else to_utc_timestamp(cast({{ ts }} as timestamp) - interval 24 hours, {{ zone }}) + interval 24 hours
    end
{%- endmacro %}

{# The calendar date an instant has in a zone. #}
{% macro local_date(instant, zone) %}{{ return(adapter.dispatch('local_date', 'daybook')(instant, zone)) }}{% endmacro %}
{% macro duckdb__local_date(instant, zone) %}cast(timezone({{ zone }}, {{ instant }}) as date){% endmacro %}
{% macro spark__local_date(instant, zone) %}to_date(from_utc_timestamp({{ instant }}, {{ zone }})){% endmacro %}

{# The hour, 0 to 23, that the wall clock of a zone shows at an instant. #}
{% macro local_hour(instant, zone) %}{{ return(adapter.dispatch('local_hour', 'daybook')(instant, zone)) }}{% endmacro %}
{% macro duckdb__local_hour(instant, zone) %}cast(extract(hour from timezone({{ zone }}, {{ instant }})) as integer){% endmacro %}
{% macro spark__local_hour(instant, zone) %}hour(from_utc_timestamp({{ instant }}, {{ zone }})){% endmacro %}

{# The Monday of a date's ISO week, the first of its month, and the date so many days later. #}
{% macro week_start(d) %}cast(date_trunc('week', {{ d }}) as date){% endmacro %}
{% macro month_start(d) %}cast(date_trunc('month', {{ d }}) as date){% endmacro %}

{% macro add_days(d, days) %}{{ return(adapter.dispatch('add_days', 'daybook')(d, days)) }}{% endmacro %}
{% macro duckdb__add_days(d, days) %}({{ d }} + cast({{ days }} as integer)){% endmacro %}
{% macro spark__add_days(d, days) %}date_add({{ d }}, cast({{ days }} as int)){% endmacro %}

{% macro days_between(earlier, later) %}{{ return(adapter.dispatch('days_between', 'daybook')(earlier, later)) }}{% endmacro %}
{% macro duckdb__days_between(earlier, later) %}date_diff('day', {{ earlier }}, {{ later }}){% endmacro %}
{% macro spark__days_between(earlier, later) %}datediff({{ later }}, {{ earlier }}){% endmacro %}

{# The date so many whole months after a first of a month, and the months between two of them. #}
{% macro add_months(d, months) %}{{ return(adapter.dispatch('add_months', 'daybook')(d, months)) }}{% endmacro %}
{% macro duckdb__add_months(d, months) %}cast({{ d }} + to_months(cast({{ months }} as integer)) as date){% endmacro %}
{% macro spark__add_months(d, months) %}add_months({{ d }}, cast({{ months }} as int)){% endmacro %}

{% macro months_between(earlier, later) -%}
    cast(12 * (extract(year from {{ later }}) - extract(year from {{ earlier }}))
        + extract(month from {{ later }}) - extract(month from {{ earlier }}) as integer)
{%- endmacro %}

{# The dates from first to last, both included, as an array to explode. #}
{% macro date_array(first, last) %}{{ return(adapter.dispatch('date_array', 'daybook')(first, last)) }}{% endmacro %}
{% macro duckdb__date_array(first, last) %}cast(generate_series({{ first }}, {{ last }}, interval 1 day) as date[]){% endmacro %}
{% macro spark__date_array(first, last) %}sequence({{ first }}, {{ last }}, interval 1 day){% endmacro %}

{# One row per date from first to last, both included, as column `column`. For FROM: `from {{ date_series(a, b, 'date_day') }}`. #}
{% macro date_series(first, last, column) -%}
    (select {{ explode(date_array(first, last)) }} as {{ column }}) as _dates
{%- endmacro %}


{# ---- rows ------------------------------------------------------------------------------------- #}

{# A number that changes when any column of a row changes, or one of `more`. `row` is the name of the relation in FROM. #}
{% macro row_print(row, more=[]) %}{{ return(adapter.dispatch('row_print', 'daybook')(row, more)) }}{% endmacro %}
{% macro duckdb__row_print(row, more=[]) %}hash({{ ([row] + more) | join(', ') }}){% endmacro %}
{% macro spark__row_print(row, more=[]) %}cast(xxhash64({{ ([row ~ '.*'] + more) | join(', ') }}) as decimal(38, 0)){% endmacro %}


{#
  The name by which a view calls a table of its own database. On DuckDB it leaves the database out: readers attach the file under another
  name than the build does, and the view must find the table under both.
#}
{% macro beside_it(relation) %}{{ return(adapter.dispatch('beside_it', 'daybook')(relation)) }}{% endmacro %}
{% macro duckdb__beside_it(relation) %}{{ return(relation.include(database=false)) }}{% endmacro %}
{% macro spark__beside_it(relation) %}{{ return(relation) }}{% endmacro %}


{# ---- incremental: the same meaning on every engine --------------------------------------------- #}

{#
  Configuration of a table whose new rows replace the old rows with the same key:
      {{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}
  Rows that come with a key replace all rows that had it; keys that do not come are left alone.
#}
{% macro replace_rows(keys) %}{{ return(adapter.dispatch('replace_rows', 'daybook')(keys)) }}{% endmacro %}

{% macro duckdb__replace_rows(keys) %}
    {{ return({'incremental_strategy': 'delete+insert', 'unique_key': keys, 'on_schema_change': 'fail'}) }}
{% endmacro %}

{% macro spark__replace_rows(keys) %}
    {{ return({'incremental_strategy': 'merge', 'unique_key': keys, 'on_schema_change': 'fail'}) }}
{% endmacro %}

{# Spark takes a backslash in a text literal for an escape. dbt writes the rows of unit tests through this macro. #}
{% macro spark__escape_single_quotes(expression) %}{{ expression | replace("\\", "\\\\") | replace("'", "\\'") }}{% endmacro %}
