-- Entries in the merchant's own lists that no figure can use: about a store that accounts.yml does not have, about goods that nobody sold
-- and no catalogue has, about an event that does not exist, or about one day twice. An entry that a file no longer has when it is dropped
-- again counts as mended. first_told is one such entry, written so that it can be found.
-- Also the stores whose history was read in part (days that no read covers, accounts that begin after others of their store, after-sales
-- that were never read), and the stores whose visits several accounts tell, or tell in part. One row per check and store (as the list spells it; ALL for entries about no store).
with

stores as (

    select store_id from {{ ref('int_stores') }}

),

costs as (

    select
        nullif(told.store_id, '') as store_id,
        case when told.sku_id <> '' then 'sku' else 'product' end as item_kind,
        case when told.sku_id <> '' then told.sku_id else told.product_id end as item_id,
        told.currency,
        told.file || ': ' || case when told.sku_id <> '' then 'SKU ' || told.sku_id else 'product ' || told.product_id end
            || ' from ' || cast(told.valid_from as {{ t('text') }}) as place
    from (
        select *, max(read_at) over (partition by file) as file_read_at from {{ source('raw_daybook', 'dropped_costs') }}
    ) as told
    where told.read_at = told.file_read_at

),

-- Only goods that have a cost in a list: a few among millions of lines.
goods as (

    {%- for item in ['product', 'sku'] %}
    {%- set last_item = loop.last %}
    {%- for known in ['fct_order_lines', 'int_product_versions'] %}
    select store_id, '{{ item }}' as item_kind, {{ item }}_id as item_id
    from {{ ref(known) }}
    where {{ item }}_id in (select item_id from costs where item_kind = '{{ item }}')
    {{ "union" if not (last_item and loop.last) }}
    {%- endfor %}
    {%- endfor %}

),

events as (

    select
        event_id,
        phase,
        phase_start,
        phase_end,
        nullif(compare_to, '') as compare_to,
        row_number() over (order by event_id, phase_start, phase_end, phase) as place,
        max(case when phase in ('burst', 'return') and phase_start <= phase_end then 1 else 0 end) over (partition by event_id) as sells
    from {{ ref('promo_calendar') }}

),

-- Accounts with the first day of their orders, or of their ads, that was read.
begun as (

    select
        *,
        min(from_date) over (partition by check_name, store_id) as first_date
    from (
        select
            'accounts_begun_later' as check_name,
            accounts.store_id,
            accounts.account_id,
            {{ local_date('min(reads.window_start)', 'accounts.time_zone') }} as from_date
        from {{ source('raw_daybook', 'ledger') }} as reads
        inner join {{ source('raw_daybook', 'accounts') }} as accounts on reads.account_id = accounts.account_id
        where reads.stream = 'orders' and accounts.is_active
        group by accounts.store_id, accounts.account_id, accounts.time_zone

        union all

        select 'ads_begun_later', accounts.store_id, accounts.account_id, min(told.report_date)
        from {{ ref('int_ad_told') }} as told
        inner join {{ source('raw_daybook', 'accounts') }} as accounts on told.account_id = accounts.account_id
        where told.entity_level = 'account' and accounts.is_active
        group by accounts.store_id, accounts.account_id
    ) as accounts

),

told as (

    select 'costs_of_unknown_store' as check_name, store_id, place
    from costs
    where store_id not in (select store_id from stores)

    union all

    select check_name, store_id, 'accounts.yml: ' || account_id || ' from ' || cast(from_date as {{ t('text') }})
    from begun
    where from_date > first_date

    union all

    select
        case when streams.is_wanted then 'refunds_never_read' else 'refunds_left_out' end,
        accounts.store_id,
        'accounts.yml: ' || accounts.account_id || ' ' || streams.stream
    from {{ source('raw_daybook', 'account_streams') }} as streams
    inner join {{ source('raw_daybook', 'accounts') }} as accounts on streams.account_id = accounts.account_id and accounts.is_active
    where streams.stream in ({{ quoted(refund_streams()) }})
        and (streams.account_id, streams.stream) not in (select account_id, stream from {{ source('raw_daybook', 'ledger') }})
        and streams.account_id in (select account_id from {{ source('raw_daybook', 'ledger') }} where stream = 'orders')

    union all

    select 'costs_of_unknown_goods', store_id, place
    from costs
    where (store_id is null or store_id in (select store_id from stores))
        and not exists (
            select 1
            from goods
            where costs.item_kind = goods.item_kind
                and costs.item_id = goods.item_id
                and coalesce(costs.store_id, goods.store_id) = goods.store_id
        )

    union all

    select 'costs_without_rate', store_id, place || ' in ' || currency
    from costs
    where currency not in (select currency from {{ ref('int_fx_rates') }})

    union all

    select 'targets_of_unknown_store', store_id, file || ': ' || metric || ' of ' || cast(month as {{ t('text') }})
    from (
        select *, max(read_at) over (partition by file) as file_read_at from {{ source('raw_daybook', 'dropped_targets') }}
    ) as told
    where read_at = file_read_at and store_id <> 'ALL' and store_id not in (select store_id from stores)

    union all

    select 'live_costs_of_unknown_store', store_id, 'seeds/live_costs.csv: session ' || live_id
    from {{ ref('live_costs') }}
    where store_id not in (select store_id from stores)

    union all

    select 'time_zones_of_unknown_store', store_id, 'seeds/store_time_zones.csv: ' || time_zone
    from {{ ref('store_time_zones') }}
    where store_id not in (select store_id from stores)

    union all

    select
        'events_without_days', null,
        'seeds/promo_calendar.csv: ' || event_id || ', ' || phase || ' from ' || cast(phase_start as {{ t('text') }})
    from events
    where phase_end < phase_start or sells = 0

    union all

    select 'events_compared_with_none', null, 'seeds/promo_calendar.csv: ' || event_id || ' with ' || compare_to
    from events
    where compare_to not in (select event_id from events)

    union all

    select
        'phases_of_one_day', null,
        'seeds/promo_calendar.csv: ' || events.event_id || ', ' || events.phase || ' and ' || others.phase || ' from '
            || cast(others.phase_start as {{ t('text') }}) || ' to '
            || cast(least(events.phase_end, others.phase_end) as {{ t('text') }})
    from events
    inner join events as others
        on events.event_id = others.event_id
        and events.place < others.place
        and others.phase_start <= least(events.phase_end, others.phase_end)

)

select check_name, coalesce(store_id, 'ALL') as store_id, count(*) as findings, min(place) as first_told
from told
group by check_name, coalesce(store_id, 'ALL')

union all

select
    'days_not_read', store_id, count(*), cast(min(date_day) as {{ t('text') }}) || ' to ' || cast(max(date_day) as {{ t('text') }})
from {{ ref('int_unread_days') }}
group by store_id

union all

select
    'days_of_several_sites', store_id, count(*), cast(min(date_day) as {{ t('text') }}) || ' to ' || cast(max(date_day) as {{ t('text') }})
from (
    select store_id, period_start as date_day
    from {{ ref('int_traffic') }}
    where grain = 'day' and is_total and device = 'all'
        and store_id not in ({{ quoted(var('visits_counted_from')) }})
    group by store_id, period_start
    having count(*) > 1
) as days
group by store_id
{%- for check, flag in [('days_of_sampled_visits', 'is_sampled'), ('days_of_withheld_visits', 'is_thresholded'),
    ('days_of_other_sources', 'is_cut_off')] %}

union all

select
    '{{ check }}', store_id, count(distinct period_start),
    cast(min(period_start) as {{ t('text') }}) || ' to ' || cast(max(period_start) as {{ t('text') }})
from {{ ref('int_traffic_flags') }} as flags
where grain = 'day' and {{ flag }} and {{ is_visit_counted('flags') }}
group by store_id
{%- endfor %}
