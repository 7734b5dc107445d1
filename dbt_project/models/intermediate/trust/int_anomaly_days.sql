-- Each whole day beside the median of the last eight clean days of its weekday, and how far such days usually lie from it (the median of
-- their distances). Days of promotion events and days that were read in part are not clean: one further back takes their place, half a
-- year back at most, because what was usual before a gap of years (in ALL, once a store stopped) says nothing. One row per store, day
-- and metric.
{%- set metrics = ['paid_amount', 'orders_paid', 'refund_amount', 'buyers', 'visitors', 'ad_spend'] %}
{%- set loaded = {'visitors': 'is_traffic_loaded', 'ad_spend': 'is_ads_loaded'} %}

with

promoted as (

    select date_day, min(event_id) as event_id
    from {{ ref('int_promo_days') }}
    where phase <> 'after'
    group by date_day

),

days as (
    {%- for name in metrics %}

    select
        '{{ name }}' as metric,
        store_days.store_id,
        store_days.period_start as date_day,
        store_days.data_through_at,
        dates.iso_weekday,
        promoted.event_id,
        cast(store_days.{{ name }} as double) as figure
    from {{ ref('store_daily') }} as store_days
    inner join {{ ref('int_dates') }} as dates on store_days.period_start = dates.date_day
    left join promoted on store_days.period_start = promoted.date_day
    where store_days.is_complete and {{ of_loaded('store_days', name, loaded) }} is not null
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

-- The number of clean days of the weekday before each day, so that the last eight are a range of numbers.
numbered as (

    select
        days.*,
        sum(case when event_id is null then 1 else 0 end) over (
            partition by metric, store_id, iso_weekday
            order by date_day
            rows between unbounded preceding and 1 preceding
        ) as clean_before
    from days

),

clean as (

    select metric, store_id, iso_weekday, date_day, figure, coalesce(clean_before, 0) + 1 as clean_number
    from numbered
    where event_id is null

),

centred as (

    select
        numbered.metric,
        numbered.store_id,
        numbered.date_day,
        numbered.iso_weekday,
        numbered.clean_before,
        max(numbered.data_through_at) as data_through_at,
        max(numbered.event_id) as event_id,
        max(numbered.figure) as figure,
        median(clean.figure) as centre
    from numbered
    inner join clean
        on numbered.metric = clean.metric
        and numbered.store_id = clean.store_id
        and numbered.iso_weekday = clean.iso_weekday
        and clean.clean_number between numbered.clean_before - 7 and numbered.clean_before
        and clean.date_day >= {{ add_days('numbered.date_day', -182) }}
    group by numbered.metric, numbered.store_id, numbered.date_day, numbered.iso_weekday, numbered.clean_before
    having count(*) = 8

)

select
    centred.metric,
    centred.store_id,
    centred.date_day,
    max(centred.data_through_at) as data_through_at,
    max(centred.event_id) as event_id,
    max(centred.figure) as figure,
    max(centred.centre) as centre,
    median(abs(clean.figure - centred.centre)) as usual_distance,
    -- Sums of decimals: doubles added in another order differ in the last digit, and two builds of the same rows would not be the same.
    cast(sum(cast(abs(clean.figure - centred.centre) as decimal(38, 6))) as double) / count(*) as mean_distance
from centred
inner join clean
    on centred.metric = clean.metric
    and centred.store_id = clean.store_id
    and centred.iso_weekday = clean.iso_weekday
    and clean.clean_number between centred.clean_before - 7 and centred.clean_before
group by centred.metric, centred.store_id, centred.date_day
