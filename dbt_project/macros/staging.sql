{# ---- base models: each states the shape of its payload; these macros say which rows of raw it keeps ------- #}

{# Versions of raw that this run has not seen yet, parsed. #}
{% macro arrived_versions(raw, shape) -%}
    select
        account_id,
        record_key,
        cursor_at,
        read_at,
        least(read_at, coalesce(window_end - interval 1 second, read_at)) as listed_by,
        load_id,
        loaded_at,
        payload_hash,
        {{ parse_payload('payload', shape) }} as record
    from {{ raw }}
    {%- if is_incremental() %}
    where load_id > (select coalesce(max(load_id), -1) from {{ this }})
    {%- endif %}
{%- endmacro %}


{#
  Body of a base model over a cursor stream: the latest version of every record, its payload parsed once.

  raw: relation of the raw table (every distinct version). shape: see parse_payload.
  over_versions: column name → (min or max, expression of `record`, `cursor_at`, `read_at` and `listed_by`), taken
      over all versions of the record. Where a vendor has no time for an event, it happened when the first version
      with it was modified; where it lists by modified time and does not tell it, by the end of the window that
      the version was listed in (`listed_by`): a first load would put the events of weeks on its own day.

  Latest = greatest (cursor_at, read_at, load_id). `load_id` and `loaded_at` tell the last load that brought
  any version of the record, so "new since" also finds records whose history grew by a late, older version.
  An incremental run parses only versions of later loads and compares them with the row it holds; the result
  is that of a full run, whatever the order of arrival.
#}
{% macro latest_records(raw, shape, over_versions={}) -%}
{%- if is_incremental() or over_versions %}
with

arrived as (
    {{ arrived_versions(raw, shape) }}
),

versions as (
    select
        account_id,
        record_key,
        cursor_at,
        read_at,
        load_id,
        loaded_at,
        payload_hash,
        {%- for name, (_, expression) in over_versions.items() %}
        {{ expression }} as {{ name }},
        {%- endfor %}
        record
    from arrived
    {%- if is_incremental() %}
    union all
    select
        account_id,
        record_key,
        cursor_at,
        read_at,
        load_id,
        loaded_at,
        payload_hash,
        {%- for name in over_versions %}
        {{ name }},
        {%- endfor %}
        record
    from {{ this }} as held
    where exists (
        select 1
        from arrived
        where arrived.account_id = held.account_id and arrived.record_key = held.record_key
    )
    {%- endif %}
),

ranked as (
    select
        account_id,
        record_key,
        cursor_at,
        read_at,
        max(load_id) over (partition by account_id, record_key) as load_id,
        max(loaded_at) over (partition by account_id, record_key) as loaded_at,
        payload_hash,
        {%- for name, (aggregate, _) in over_versions.items() %}
        {{ aggregate }}({{ name }}) over (partition by account_id, record_key) as {{ name }},
        {%- endfor %}
        record,
        row_number() over (
            partition by account_id, record_key
            order by cursor_at desc, read_at desc, versions.load_id desc, payload_hash desc
        ) as version_from_last
    from versions
)

select
    account_id,
    record_key,
    cursor_at,
    read_at,
    load_id,
    loaded_at,
    payload_hash,
    {%- for name in over_versions %}
    {{ name }},
    {%- endfor %}
    record
from ranked
where version_from_last = 1
{%- else %}
{#- All of raw at once: versions are ranked before they are parsed, and only the last of each record is parsed. #}
with

ranked as (
    select
        account_id,
        record_key,
        cursor_at,
        read_at,
        load_id,
        max(load_id) over (partition by account_id, record_key) as last_load_id,
        max(loaded_at) over (partition by account_id, record_key) as last_loaded_at,
        row_number() over (
            partition by account_id, record_key
            order by cursor_at desc, read_at desc, load_id desc, payload_hash desc
        ) as version_from_last
    from {{ raw }}
)

select
    versions.account_id,
    versions.record_key,
    versions.cursor_at,
    versions.read_at,
    ranked.last_load_id as load_id,
    ranked.last_loaded_at as loaded_at,
    versions.payload_hash,
    {{ parse_payload('payload', shape) }} as record
from {{ raw }} as versions
inner join ranked
    on versions.account_id = ranked.account_id
    and versions.record_key = ranked.record_key
    and versions.cursor_at = ranked.cursor_at
    and versions.read_at = ranked.read_at
    and versions.load_id = ranked.load_id
where ranked.version_from_last = 1
{%- endif %}
{%- endmacro %}


{#
  Body of a base model that keeps every version of a record, each with the time during which it held: from its cursor_at until that of
  the next. Of two versions with one cursor_at the later read stands, as in latest_records. The latest version still holds. An incremental
  run parses only versions of later loads; beside them it writes the versions that held until them and those that come after them.
  An empty payload says that a list of all there is does not name the record any more (warehouse/versions.py): the version before it ends
  there, and the empty one is no row.
#}
{% macro record_versions(raw, shape) -%}
with

arrived as (
    {{ arrived_versions(raw, shape) }}
),

versions as (
    select account_id, record_key, cursor_at, read_at, load_id, loaded_at, payload_hash, record
    from arrived
    {%- if is_incremental() %}
    union all
    select
        held.account_id,
        held.record_key,
        held.cursor_at,
        held.read_at,
        held.load_id,
        held.loaded_at,
        held.payload_hash,
        held.record
    from {{ this }} as held
    inner join (
        select account_id, record_key, min(cursor_at) as first_cursor_at
        from arrived
        group by account_id, record_key
    ) as first_arrived
        on held.account_id = first_arrived.account_id
        and held.record_key = first_arrived.record_key
        and (held.valid_until_at is null or held.valid_until_at > first_arrived.first_cursor_at)
    union all
    {# Empty payloads of earlier loads are no rows of this table. They are read again, or a version that had ended would hold anew. #}
    select account_id, record_key, cursor_at, read_at, load_id, loaded_at, payload_hash, null
    from {{ raw }}
    where payload_hash = md5('null')
        and load_id <= (select coalesce(max(load_id), -1) from {{ this }})
        and (account_id, record_key) in (select account_id, record_key from arrived)
    {%- endif %}
),

in_order as (
    select
        *,
        lead(cursor_at) over (
            partition by account_id, record_key
            order by cursor_at, read_at, load_id, payload_hash
        ) as valid_until_at
    from versions
)

select
    account_id,
    record_key,
    cursor_at,
    valid_until_at,
    read_at,
    load_id,
    loaded_at,
    payload_hash,
    record
from in_order
where payload_hash <> md5('null')
    and (valid_until_at is null or valid_until_at > cursor_at)
{%- endmacro %}


{#
  Body of a base model over a report stream: the rows of the reads that count, each payload parsed once.

  stream: its name; or a list of names, of streams with one shape (days, weeks and months are read on their own). `stream` then says
      which one a row is of, and a date stands once in each.
  keep: 'latest' (the last read of every account and date stands for that date) or 'all' (one read per
      account, date and as-of day: how a restated figure matured).
  A read that came back empty leaves one row without record_key. It replaces the earlier rows of the date.
  Which dates were read is told by raw_daybook.report_reads, not by rows.
#}
{% macro report_rows(platform, stream, shape, keep) -%}
{%- set streams = [stream] if stream is string else stream %}
with

reads as (
    select
        account_id,
        stream,
        report_date,
        as_of_date,
        read_at,
        load_id,
        row_number() over (
            partition by account_id, stream, report_date
            order by as_of_date desc, read_at desc, load_id desc
        ) as read_from_last
    from {{ source('raw_daybook', 'report_reads') }}
    where platform = '{{ platform }}' and stream in ('{{ streams | join("', '") }}')
),

new_reads as (
    select
        account_id,
        stream,
        report_date,
        as_of_date,
        read_at,
        load_id
    from reads
    where
        {{ 'read_from_last = 1' if keep == 'latest' else 'read_from_last >= 1' }}
        {%- if is_incremental() %}
        and load_id > (select coalesce(max(load_id), -1) from {{ this }})
        {%- endif %}
),

landed as (
    {%- for name in streams %}
    select
        '{{ name }}' as stream,
        account_id,
        report_date,
        as_of_date,
        record_key,
        payload
    from {{ source('raw_' ~ platform, name) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    new_reads.account_id,
    {%- if stream is not string %}
    new_reads.stream,
    {%- endif %}
    new_reads.report_date,
    new_reads.as_of_date,
    new_reads.read_at,
    new_reads.load_id,
    landed.record_key,
    {{ parse_payload('landed.payload', shape) }} as record
from new_reads
left join landed
    on new_reads.account_id = landed.account_id
    and new_reads.stream = landed.stream
    and new_reads.report_date = landed.report_date
    and new_reads.as_of_date = landed.as_of_date
{%- endmacro %}


{# ---- what staging models do alike --------------------------------------------------------------- #}

{#
  A vendor's word translated by a mapping of ours; a word that no vendor document names becomes 'unknown',
  which `is_sound` refuses, and names the word.
#}
{% macro translate(expression, words) -%}
    case {{ expression }}
        {%- for word, meaning in words.items() %}
        when '{{ word }}' then '{{ meaning }}'
        {%- endfor %}
        else 'unknown'
    end
{%- endmacro %}


{#
  Why an order is left out of the marts, by the merchant's own marks: var `excluded_orders` says, account by
  account, which value of which field marks a test, staff or brushed order:
      excluded_orders: {taobao__lantern: {seller_flag: {"5": brushed}}}
  fields: field name → expression, the fields of this platform that can carry such a mark. For a SELECT that calls
  the base model `latest`.
#}
{% macro excluded_by_mark(fields) -%}
    {%- set rules = [] -%}
    {%- for account, marks in var('excluded_orders', {}).items() -%}
        {%- for field, reasons in marks.items() if field in fields -%}
            {%- for value, reason in reasons.items() -%}
                {%- do rules.append((account, fields[field], value, reason)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if rules -%}
    case
        {%- for account, expression, value, reason in rules %}
        when latest.account_id = '{{ account }}' and {{ expression }} = '{{ value }}' then '{{ reason }}'
        {%- endfor %}
    end
    {%- else -%}
    {{ null_as('text') }}
    {%- endif -%}
{%- endmacro %}


{#
  The id of a line whose vendor gives it none: the id of its item. Where an order has an item more than once (bought, and given free
  with itself) the second line and later ones get a number. Refunds name the item and so find the first line.

  item, order_by: columns of `lines`, which has account_id and order_id.
#}
{% macro line_id_of(item, order_by, lines='lines') -%}
    {%- set order = lines ~ '.account_id, ' ~ lines ~ '.order_id' -%}
    {%- set turn = 'row_number() over (partition by ' ~ order ~ ', ' ~ item ~ ' order by ' ~ order_by ~ ')' -%}
    case
        when {{ turn }} = 1 then {{ item }}
        else concat({{ item }}, '-', cast({{ turn }} as {{ t('text') }}))
    end
{%- endmacro %}


{# The rows of a source_map: the vendor's name of a source and our source_l1 for it. #}
{% macro source_map(names) -%}
    {%- for source_name, source_l1 in names %}
    select '{{ source_name | replace("'", "''") }}' as source_name, '{{ source_l1 }}' as source_l1
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# The sum of the amounts behind a prefix; what is not told counts as nothing. #}
{% macro sum_of(prefix, names) -%}
    {%- for name in names -%}
    {{ ' + ' if not loop.first }}coalesce({{ money(prefix ~ name) }}, 0)
    {%- endfor -%}
{%- endmacro %}
