{# What the variables of dbt_project.yml mean in SQL. #}


{#
    The platforms that have a stream, of those in use: DAYBOOK_PLATFORMS names them (the build sets it to the platforms
    of accounts.yml, so that forty vendors nobody sells on cost nothing); without it, all.
#}
{% macro platforms_of(stream) %}
    {%- set in_use = env_var('DAYBOOK_PLATFORMS', '') -%}
    {%- set found = [] -%}
    {%- for platform, streams in var('platforms').items()
        if stream in streams and (not in_use or platform in in_use.split(',')) -%}
        {%- do found.append(platform) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{# Like platforms_of, as the inside of an IN list: `platform in ({{ platforms_with('orders') }})`. #}
{% macro platforms_with(stream) -%}
    {%- for platform in platforms_of(stream) -%}
        '{{ platform }}'{{ ", " if not loop.last }}
    {%- else -%}
        ''
    {%- endfor -%}
{%- endmacro %}


{# Texts as the inside of an IN list or of a row of VALUES. #}
{% macro quoted(words) -%}
    {%- for word in words -%}
        {{ 'null' if word is none else "'" ~ word | replace("'", "''") ~ "'" }}{{ ", " if not loop.last }}
    {%- else -%}
        ''
    {%- endfor -%}
{%- endmacro %}


{# Whether the visits that an account tells of count, over rows with store_id and account_id: those of all, where no setting names some. #}
{% macro is_visit_counted(rows) -%}
    {%- for store, accounts in var('visits_counted_from').items() -%}
        ({{ rows }}.store_id <> '{{ store }}' or {{ rows }}.account_id in ({{ quoted(accounts) }})){{ " and " if not loop.last }}
    {%- else -%}
        true
    {%- endfor -%}
{%- endmacro %}


{#
    Whether a store's days wait for an account, over rows of accounts with store_id, platform and is_active. An account that left
    accounts.yml is read no further, and nobody knows when the next file is dropped into an inbox. Either is waited for only where the store
    has no other account. Where all have left, the one that was read furthest is waited for.
    read_through: how far an account is read.
    among: a condition, which accounts read what is waited for.
#}
{% macro is_waited_for(read_through, among='true') -%}
    {%- set waits = "(case when is_active then 2 else 0 end + case when platform in (" ~ quoted(var('read_to_the_last_event')) ~ ") then 0 else 1 end)" -%}
    {{ waits }} = max(case when {{ among }} then {{ waits }} end) over (partition by store_id)
    and (is_active or {{ read_through }} = max(case when {{ among }} then {{ read_through }} end) over (partition by store_id, {{ waits }}))
{%- endmacro %}


{# First day of the week that holds a date, by the week_start_day setting. #}
{% macro business_week_start(d) -%}
    {%- set shift = (8 - var('week_start_day')) % 7 -%}
    {{ add_days(week_start(add_days(d, shift)), -shift) }}
{%- endmacro %}


{# The fiscal period (1 to 12) of a week of the fiscal year, by the fiscal_pattern setting; a 53rd week belongs to the last. #}
{% macro fiscal_period_of(week) -%}
    {%- set pattern = var('fiscal_pattern').split('-') | map('int') | list -%}
    case
        {%- set ns = namespace(upto=0) %}
        {%- for period in range(1, 12) %}
        {%- set ns.upto = ns.upto + pattern[(period - 1) % 3] %}
        when {{ week }} <= {{ ns.upto }} then {{ period }}
        {%- endfor %}
        when {{ week }} is not null then 12
    end
{%- endmacro %}


{#
    The instant a cash-on-delivery order becomes a sale, by the platform's setting: `placing` counts it when
    it is placed, `delivered` when the parcel is received.
#}
{% macro cod_recognised_at(order) -%}
    {%- set settings = var('cod_recognised_on') -%}
    {%- set moments = {
        'placing': order ~ '.created_at',
        'delivered': 'coalesce(' ~ order ~ '.delivered_at, ' ~ order ~ '.completed_at)',
    } -%}
    case
        {%- for platform, moment in settings.items() if platform != 'default' %}
        when {{ order }}.platform = '{{ platform }}' then {{ moments[moment] }}
        {%- endfor %}
        when {{ order }}.platform is not null then {{ moments[settings.get('default', 'delivered')] }}
    end
{%- endmacro %}


{# Days after which an ad platform's figures of a day are taken as final, by the platform's setting. #}
{% macro ad_matures_after_days(platform) -%}
    {%- set settings = var('ad_matures_after_days') -%}
    case
        {%- for name, days in settings.items() if name != 'default' %}
        when {{ platform }} = '{{ name }}' then {{ days }}
        {%- endfor %}
        when {{ platform }} is not null then {{ settings['default'] }}
    end
{%- endmacro %}


{# Cents in one unit of a currency: yen and won have none. #}
{% macro minor_units(currency) -%}
    case when {{ currency }} in ('JPY', 'KRW', 'VND', 'CLP') then 1 else 100 end
{%- endmacro %}


{# Seconds from one instant to a later one, exact. #}
{% macro seconds_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'second') }}
{%- endmacro %}


{#
  The table of all accounts that were ever read, also those that left accounts.yml; none where nothing was ever loaded, as when SQL is
  only linted. It is looked up and not referred to, so that a model's test data need not have accounts.
#}
{% macro table_of_accounts() -%}
    {{ return(adapter.get_relation(target.database, 'raw_daybook', 'accounts') if execute else none) }}
{%- endmacro %}


{#
  In ALL a store counts from the first day of its loaded history on (int_first_days). These are the join to that day, and whether a day of
  the joined row counts.
#}
{% macro joined_to_first_days(row, store_id='store_id') -%}
    left join {{ ref('int_first_days') }} as first_days on {{ row }}.{{ store_id }} = first_days.store_id
{%- endmacro %}

{% macro counts_in_all(day) -%}
    coalesce({{ day }} >= first_days.first_day, true)
{%- endmacro %}


{# The levels of ads, the coarsest first. #}
{% macro ad_levels() %}{{ return({'account': 1, 'campaign': 2, 'ad_group': 3, 'ad': 4, 'keyword': 5}) }}{% endmacro %}

{# The rank of the level that a platform's report tells (var ad_reports); null of a report of something else. #}
{% macro ad_level_rank(platform, stream) -%}
    {%- set reports = var('ad_reports') -%}
    case
        {%- for name, levels in reports.items() if name != 'default' %}
        {%- for report, level in levels.items() %}
        when {{ platform }} = '{{ name }}' and {{ stream }} = '{{ report }}' then {{ ad_levels()[level] }}
        {%- endfor %}
        {%- endfor %}
        {%- for report, level in reports.default.items() %}
        when {{ stream }} = '{{ report }}' then {{ ad_levels()[level] }}
        {%- endfor %}
    end
{%- endmacro %}
