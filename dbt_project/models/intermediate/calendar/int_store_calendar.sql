-- The days that each store's rows may speak of, and what of them has been loaded.
-- * A store whose orders are read has every day from where its history begins to the last one that is over where the store is. The
--   running day is in the facts, and in no period.
-- * A store's reviews of a day are loaded if its orders are, and every platform on which it was selling that day tells them.
-- * A day before the history keeps the events that are known of it and is not loaded: of its orders only those are known that changed
--   later. ALL has none of these days.
-- * A day within the history that was not read (int_unread_days) is not loaded either.
-- * A store that is read up to its last event (files) ends with that event's day.
-- * store_id 'ALL' ends with the last day that is over for all stores that are being read. It is loaded and complete when all stores
--   that should be there are.
with

stores as (

    select
        store_id,
        has_orders,
        time_zone,
        orders_through_at,
        closed_through_date,
        -- The first whole day: a vendor that looks back a number of days from now begins within a day.
        {{ add_days(local_date('orders_from_at - interval 1 second', 'coalesce(history_zone, time_zone)'), 1) }} as history_from,
        -- The last whole day: the next read begins at the mark, so the mark's own day is not whole.
        {{ add_days(local_date('orders_through_at', 'time_zone'), -1) }} as orders_whole_through_date,
        {{ add_days(local_date('refunds_through_at', 'time_zone'), -1) }} as refunds_whole_through_date,
        {{ local_date('orders_through_at - interval 1 second', 'time_zone') }} as orders_last_date
    from {{ ref('int_stores') }}

),

event_days as (

    select store_id, created_date as date_day from {{ ref('int_order_totals') }} where created_date is not null
    union
    select store_id, paid_date from {{ ref('int_order_totals') }} where paid_date is not null
    union
    select store_id, refund_date from {{ ref('int_refunds') }} where is_counted

),

last_events as (

    select store_id, max(event_at) as last_event_at
    from (
        select store_id, max(greatest(created_at, coalesce(paid_at, created_at))) as event_at
        from {{ ref('int_order_totals') }}
        group by store_id
        union all
        select store_id, max(refunded_at) as event_at
        from {{ ref('int_refunds') }}
        where is_counted
        group by store_id
    ) as events
    group by store_id

),

bounds as (

    select
        stores.store_id,
        stores.has_orders,
        stores.time_zone,
        stores.closed_through_date,
        min(event_days.date_day) as first_event_date,
        max(event_days.date_day) as last_event_date,
        -- If the first read starts after the last event, it says nothing about where the history begins: that is the first event.
        case
            when min(stores.history_from) <= max(event_days.date_day) or max(event_days.date_day) is null
                then min(stores.history_from)
            else min(event_days.date_day)
        end as history_from,
        -- A day is whole when its refunds are read, too; until then it has its sales and is not complete.
        case
            when min(stores.refunds_whole_through_date) < min(stores.orders_whole_through_date)
                then min(stores.refunds_whole_through_date)
            else coalesce(min(stores.orders_whole_through_date), {{ add_days('max(event_days.date_day)', -1) }})
        end as whole_through,
        coalesce(min(stores.orders_last_date), max(event_days.date_day)) as last_date,
        coalesce(min(stores.orders_through_at), max(last_events.last_event_at)) as data_through_at
    from stores
    left join event_days on stores.store_id = event_days.store_id
    left join last_events on stores.store_id = last_events.store_id
    group by stores.store_id, stores.has_orders, stores.time_zone, stores.closed_through_date

),

history as (

    select
        store_id,
        has_orders,
        time_zone,
        coalesce(history_from, first_event_date) as history_from,
        whole_through,
        closed_through_date,
        coalesce(closed_through_date, last_date) as last_date,
        data_through_at
    from bounds

),

order_days as (

    select history.store_id, dates.date_day, unread.date_day is null as is_read
    from history
    inner join {{ ref('int_dates') }} as dates
        on dates.date_day between history.history_from and history.last_date
    left join {{ ref('int_unread_days') }} as unread
        on history.store_id = unread.store_id and dates.date_day = unread.date_day
    where history.has_orders

),

-- A day of a report is loaded if the platform gave rows for it, or was asked for it and had none.
report_days as (

    select 'traffic' as stream, account_id, store_id, period_start as date_day
    from {{ ref('int_traffic') }}
    where grain = 'day'

    union

    select 'traffic', accounts.account_id, accounts.store_id, reads.report_date
    from {{ source('raw_daybook', 'report_reads') }} as reads
    inner join {{ source('raw_daybook', 'accounts') }} as accounts on reads.account_id = accounts.account_id
    where reads.rows = 0 and accounts.platform in ({{ platforms_with('traffic') }}) and reads.stream = 'traffic'
        and {{ is_visit_counted('accounts') }}

    union

    select 'ads', account_id, store_id, report_date
    from {{ ref('int_ad_told') }}
    where entity_level = 'account'

    union

    select concat('reviews of ', accounts.platform), accounts.account_id, accounts.store_id, reads.report_date
    from {{ source('raw_daybook', 'report_reads') }} as reads
    inner join {{ source('raw_daybook', 'accounts') }} as accounts on reads.account_id = accounts.account_id
    where reads.stream = 'reviews'

),

report_accounts as (

    select
        days.stream,
        days.account_id,
        days.store_id,
        min(days.date_day) as first_day,
        case when not coalesce(accounts.is_active, true) then max(days.date_day) end as left_after
    from report_days as days
    left join {{ source('raw_daybook', 'accounts') }} as accounts on days.account_id = accounts.account_id
    group by days.stream, days.account_id, days.store_id, accounts.is_active

),

-- A day is loaded for a store if all its accounts that had begun by then have it. An account that left accounts.yml is not waited for.
report_loaded as (

    select
        days.stream,
        days.store_id,
        days.date_day,
        count(distinct days.account_id) = max(begun.accounts) as is_loaded
    from report_days as days
    inner join (
        select
            each_day.stream,
            each_day.store_id,
            each_day.date_day,
            count(*) as accounts
        from (select distinct stream, store_id, date_day from report_days) as each_day
        inner join report_accounts
            on each_day.stream = report_accounts.stream
            and each_day.store_id = report_accounts.store_id
            and each_day.date_day >= report_accounts.first_day
            and (report_accounts.left_after is null or each_day.date_day <= report_accounts.left_after)
        group by each_day.stream, each_day.store_id, each_day.date_day
    ) as begun
        on days.stream = begun.stream
        and days.store_id = begun.store_id
        and days.date_day = begun.date_day
    group by days.stream, days.store_id, days.date_day

),

-- A platform has stopped when nothing was sold on it for so many days (var store_lapses_after_days).
platforms as (

    select
        store_id,
        platform,
        min(coalesce(created_date, paid_date)) as first_date,
        {{ add_days('max(coalesce(created_date, paid_date))', var('store_lapses_after_days')) }} as last_date
    from {{ ref('int_order_totals') }}
    group by store_id, platform

),

reviews_loaded as (

    select days.store_id, days.date_day
    from (select distinct store_id, date_day from report_loaded where is_loaded and stream like 'reviews of %') as days
    -- Nobody knows on which platforms it was selling before its orders are read.
    inner join order_days
        on days.store_id = order_days.store_id and days.date_day = order_days.date_day and order_days.is_read
    left join platforms
        on days.store_id = platforms.store_id
        and days.date_day between platforms.first_date and platforms.last_date
    left join report_loaded as told
        on told.stream = concat('reviews of ', platforms.platform)
        and days.store_id = told.store_id
        and days.date_day = told.date_day
        and told.is_loaded
    group by days.store_id, days.date_day
    having count(platforms.platform) = count(told.stream)

),

-- Only days with figures: an empty answer about a day before the history does not make it a day of the store.
figure_days as (

    select store_id, period_start as date_day from {{ ref('int_traffic') }} where grain = 'day'
    union
    select store_id, report_date as date_day from {{ ref('int_ads') }}

),

all_days as (

    select store_id, date_day from order_days
    union
    select store_id, date_day from event_days
    union
    select store_id, date_day from figure_days
    union
    -- A store without orders has no other history than its figures. After the first of them, a day that was read empty is its day, too.
    select report_days.store_id, report_days.date_day
    from report_days
    inner join history on report_days.store_id = history.store_id
    inner join (select store_id, min(date_day) as first_day from figure_days group by store_id) as begun
        on report_days.store_id = begun.store_id
        and report_days.date_day > begun.first_day
    where not history.has_orders and report_days.stream in ('traffic', 'ads')

),

store_days as (

    select
        days.store_id,
        days.date_day,
        history.has_orders and (coalesce(order_days.is_read, false) or event_days.date_day is not null) as has_orders,
        history.has_orders
            and coalesce(order_days.is_read, event_days.date_day is not null and days.date_day >= history.history_from)
            as is_orders_loaded,
        coalesce(traffic.is_loaded, false) as is_traffic_loaded,
        coalesce(ads.is_loaded, false) as is_ads_loaded,
        reviews.store_id is not null as is_reviews_loaded,
        coalesce(days.date_day < history.history_from, false) as is_before_all,
        traffic.is_loaded is not null or ads.is_loaded is not null as has_reports,
        not history.has_orders
            or coalesce(order_days.is_read, true)
            and coalesce(days.date_day between history.history_from and history.whole_through, false) as is_complete,
        history.history_from,
        case
            when history.data_through_at is not null then least(
                history.data_through_at,
                {{ local_timestamp("cast(" ~ add_days('days.date_day', 1) ~ " as " ~ t('timestamp') ~ ")", 'history.time_zone') }}
            )
        end as data_through_at
    from all_days as days
    inner join history on days.store_id = history.store_id
    left join order_days on days.store_id = order_days.store_id and days.date_day = order_days.date_day
    left join event_days on days.store_id = event_days.store_id and days.date_day = event_days.date_day
    left join report_loaded as traffic
        on traffic.stream = 'traffic' and days.store_id = traffic.store_id and days.date_day = traffic.date_day
    left join report_loaded as ads
        on ads.stream = 'ads' and days.store_id = ads.store_id and days.date_day = ads.date_day
    left join reviews_loaded as reviews on days.store_id = reviews.store_id and days.date_day = reviews.date_day
    where history.closed_through_date is null or days.date_day <= history.closed_through_date

),

-- The stores that should be there on a day: each from its first loaded day until it has been silent for store_lapses_after_days.
expected as (

    select
        store_id,
        max(history_from) as history_from,
        min(case when is_orders_loaded then date_day end) as orders_first,
        max(case when is_orders_loaded then date_day end) as orders_last,
        min(case when is_traffic_loaded then date_day end) as traffic_first,
        max(case when is_traffic_loaded then date_day end) as traffic_last,
        -- What a store that advertises spent before its ads were first read is not known, so its ads count as missing on those days.
        case when max(case when is_ads_loaded then 1 else 0 end) = 1
            then min(case when is_ads_loaded or is_orders_loaded then date_day end)
        end as ads_first,
        max(case when is_ads_loaded then date_day end) as ads_last
    from store_days
    group by store_id

),

-- Time zones differ by a day at most. A store that is further behind is late: its days are missing, and ALL does not wait for them.
closed as (

    select min(history.closed_through_date) as closed_through_date
    from history
    cross join (select max(closed_through_date) as closed_through_date from history) as newest
    where history.closed_through_date >= {{ add_days('newest.closed_through_date', -1) }}

),

days as (

    select distinct store_days.date_day
    from store_days
    cross join closed
    where (closed.closed_through_date is null or store_days.date_day <= closed.closed_through_date)
        and (not store_days.is_before_all or store_days.has_reports)

),

all_stores as (

    select
        days.date_day,
        max(case when not store_days.is_before_all or store_days.has_reports then store_days.data_through_at end) as data_through_at,
        -- Whether a buyer of ALL had bought before is known only from where the shortest of the stores' histories begins.
        max(case
            when days.date_day between expected.orders_first
                and {{ add_days('expected.orders_last', var('store_lapses_after_days')) }} then expected.history_from
        end) as history_from,
        {%- for stream in ['orders', 'traffic', 'ads'] %}
        sum(case when days.date_day between expected.{{ stream }}_first
            and {{ add_days('expected.' ~ stream ~ '_last', var('store_lapses_after_days')) }} then 1 else 0 end) as {{ stream }}_expected,
        sum(case when store_days.is_{{ stream }}_loaded then 1 else 0 end) as {{ stream }}_loaded,
        {%- endfor %}
        max(case when store_days.has_orders and not store_days.is_before_all then 1 else 0 end) = 1 as has_orders,
        sum(case when store_days.has_orders and not store_days.is_before_all and not store_days.is_traffic_loaded then 1 else 0 end)
            as orders_without_traffic,
        {%- for name, is_told in [('incomplete', 'is_complete'), ('without_reviews', 'is_reviews_loaded')] %}
        sum(case
            when days.date_day between expected.orders_first
                and {{ add_days('expected.orders_last', var('store_lapses_after_days')) }}
                and not coalesce(store_days.{{ is_told }}, false) then 1
            else 0
        end) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from days
    cross join expected
    left join store_days on expected.store_id = store_days.store_id and days.date_day = store_days.date_day
    group by days.date_day

),

-- ALL is read as far as the slowest of the stores that still sell.
trusted as (

    select
        min(case
            when {{ add_days('history.last_date', var('store_lapses_after_days')) }} >= newest.last_date
                then history.data_through_at
        end) as data_through_at
    from history
    cross join (select max(last_date) as last_date from history where has_orders) as newest
    where history.has_orders

)

select
    store_id,
    date_day,
    is_orders_loaded,
    is_traffic_loaded,
    is_ads_loaded,
    is_reviews_loaded,
    has_orders,
    is_traffic_loaded as has_traffic,
    is_ads_loaded as has_ads,
    is_complete,
    true as is_traffic_of_all,
    case when is_orders_loaded then 1 else 0 end as stores_loaded,
    history_from,
    data_through_at
from store_days

union all

select
    'ALL' as store_id,
    date_day,
    orders_expected > 0 and orders_loaded >= orders_expected as is_orders_loaded,
    traffic_expected > 0 and traffic_loaded >= traffic_expected as is_traffic_loaded,
    ads_expected > 0 and ads_loaded >= ads_expected as is_ads_loaded,
    orders_expected > 0 and without_reviews = 0 as is_reviews_loaded,
    has_orders,
    traffic_loaded > 0 as has_traffic,
    ads_loaded > 0 as has_ads,
    orders_expected > 0 and incomplete = 0 as is_complete,
    -- Otherwise the conversion of ALL would be the buyers of all stores divided by the visitors of some.
    orders_without_traffic = 0 as is_traffic_of_all,
    cast(orders_loaded as integer) as stores_loaded,
    all_stores.history_from,
    case when trusted.data_through_at is not null then least(trusted.data_through_at, all_stores.data_through_at) end
        as data_through_at
from all_stores
cross join trusted
