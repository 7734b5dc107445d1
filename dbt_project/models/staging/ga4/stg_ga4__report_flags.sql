-- What Google says it left out of a report: one row per account, grain, period and cut.
with

periods as (
    select * from {{ ref('base_ga4__traffic') }} where record_key is not null
)

select
    'ga4' as platform,
    periods.account_id,
    max(account.store_id) as store_id,
    periods.record.gran as grain,
    periods.report_date as period_start,
    periods.record.report as cut,
    max(case when periods.record.flags.subjectToThresholding then 1 else 0 end) = 1 as is_thresholded,
    max(case when periods.record.flags.dataLossFromOtherRow then 1 else 0 end) = 1 as is_cut_off,
    max({{ array_length('periods.record.flags.samplingMetadatas') }}) > 0 as is_sampled,
    max(periods.load_id) as load_id
from periods
left join {{ source('raw_daybook', 'accounts') }} as account
    on periods.account_id = account.account_id
group by periods.account_id, periods.record.gran, periods.report_date, periods.record.report
